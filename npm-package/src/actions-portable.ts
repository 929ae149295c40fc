// For Node and for bundlers: the wasm travels in this file.
import wasm from "carried:actions.wasm";
import { setCompiler } from "./actions-platform.js";
import { VerifierError } from "./errors.js";
import { unpack } from "./unpack.js";

export * from "./actions.js";

setCompiler({
  compile: async () => WebAssembly.compile(unpack(wasm)),
  compileSync() {
    try {
      return new WebAssembly.Module(unpack(wasm));
    } catch (cause) {
      throw new VerifierError("NOT_LOADED", "call and await load() first", { cause });
    }
  },
});
