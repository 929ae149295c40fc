// For Node and for bundlers: the wasm travels in this file.
import wasm from "carried:actions.wasm";
import { setCompiler } from "./actions-platform.js";
import { compilerOf } from "./carried.js";

export * from "./actions.js";

setCompiler(compilerOf(wasm));
