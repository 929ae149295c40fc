import { setCompiler } from "./actions-platform.js";
import { compile } from "./compile.js";

export * from "./actions.js";

// Bundlers look for this literal.
setCompiler({ compile: () => compile(new URL("./actions.wasm", import.meta.url)) });
