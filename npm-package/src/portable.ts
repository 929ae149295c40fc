// For bundlers, test runners and whatever else takes a package apart: the wasm and the worker travel in this file.
import workerCode from "carried:worker";
import wasm from "carried:verifier.wasm";
import { compilerOf } from "./carried.js";
import { setPlatform } from "./platform.js";
import { openWebPort, webThreads } from "./web-worker.js";

export * from "./index.js";

setPlatform({
  ...compilerOf(wasm),
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

function workerFromText(): Worker {
  const address = URL.createObjectURL(new Blob([workerCode], { type: "text/javascript" }));
  try {
    return new Worker(address, { type: "module" });
  } finally {
    // The worker fetches its code later than this line.
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  }
}
