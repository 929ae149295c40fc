// What differs between Node and browsers; set once by the entry file.
import type { Compiler } from "./compile.js";

let compiler: Compiler;

export function setCompiler(value: Compiler): void {
  compiler = value;
}

export function getCompiler(): Compiler {
  return compiler;
}
