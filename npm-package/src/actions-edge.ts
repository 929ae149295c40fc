// As edge.ts, for the second entry.
import module from "./actions.wasm";
import { setCompiler } from "./actions-platform.js";

export * from "./actions.js";

setCompiler({ compile: async () => module, compileSync: () => module });
