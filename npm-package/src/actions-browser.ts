// For pages without a bundler: the wasm is a file beside this one.
import { setCompiler } from "./actions-platform.js";
import { compile } from "./compile.js";

export * from "./actions.js";

setCompiler({ compile: () => compile(new URL("./actions.wasm", import.meta.url)) });
