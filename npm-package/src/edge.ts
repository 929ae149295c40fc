// For runtimes that compile no wasm at run time (Cloudflare's workerd, the edge runtime of Next.js): the module is an import, which each of
// them spells its own way (scripts/build.mjs), and there are no workers.
import module from "./verifier.wasm";
import { setPlatform } from "./platform.js";

export * from "./index.js";

setPlatform({
  compile: async () => module,
  compileSync: () => module,
  openPort: () => Promise.reject(new Error("there are no workers here")),
  threads: () => 1,
});
