// For edge runtimes such as Next.js has, which compile no wasm at run time: the module is an import, and there are no workers.
import module from "./verifier.wasm?module";
import { setPlatform } from "./platform.js";

export * from "./index.js";

setPlatform({
  compile: async () => module,
  compileSync: () => module,
  openPort: () => Promise.reject(new Error("there are no workers here")),
  threads: () => 1,
});
