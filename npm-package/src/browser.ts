// For pages without a bundler: the wasm and the worker are files beside this one, fetched when they are needed.
import { compile } from "./compile.js";
import { setPlatform } from "./platform.js";
import { openWebPort, webThreads } from "./web-worker.js";

export * from "./index.js";

setPlatform({
  compile: () => compile(new URL("./verifier.wasm", import.meta.url)),
  openPort: (events, module, worker) =>
    openWebPort(events, module, [
      (worker as (() => Worker) | undefined) ?? (() => new Worker(new URL("./worker.js", import.meta.url), { type: "module" })),
    ]),
  threads: webThreads,
});
