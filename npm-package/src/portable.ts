// For bundlers, test runners and whatever else takes a package apart: the wasm and the worker travel in this file.
import workerCode from "carried:worker";
import wasm from "carried:verifier.wasm";
import { VerifierError } from "./errors.js";
import { setPlatform } from "./platform.js";
import { unpack } from "./unpack.js";
import { openWebPort, webThreads } from "./web-worker.js";

export * from "./index.js";

setPlatform({
  compile: async () => WebAssembly.compile(unpack(wasm)),
  compileSync,
  openPort: (events, module, worker) =>
    openWebPort(
      events,
      module,
      worker
        ? [worker as () => Worker]
        : // Bundlers that know this literal make a file of the worker, which strict policies for pages allow. Others leave it, and there is none.
          [() => new Worker(new URL("./worker.js", import.meta.url), { type: "module" }), workerFromText],
    ),
  threads: webThreads,
});

/** A page's main thread may refuse to compile this much at once. */
function compileSync(): WebAssembly.Module {
  try {
    return new WebAssembly.Module(unpack(wasm));
  } catch (cause) {
    throw new VerifierError("NOT_LOADED", "call and await load() first", { cause });
  }
}

function workerFromText(): Worker {
  const address = URL.createObjectURL(new Blob([workerCode], { type: "text/javascript" }));
  try {
    return new Worker(address, { type: "module" });
  } finally {
    // The worker fetches its code later than this line.
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  }
}
