import { readFileSync } from "node:fs";
import { join } from "node:path";

import { setCompiler } from "./actions-platform.js";

export * from "./actions.js";

/** This file is published as CommonJS; `actions.mjs` re-exports it, so that a process has one instance. */
declare const __dirname: string;

const compileSync = (): WebAssembly.Module => new WebAssembly.Module(readFileSync(join(__dirname, "actions.wasm")));

setCompiler({ compile: async () => compileSync(), compileSync });
