import type { Worker as NodeWorker } from "node:worker_threads";

import workerCode from "carried:node-worker";
import wasm from "carried:verifier-node.wasm";
import { unpack } from "./carried.js";
import { setPlatform, type Port, type PortEvents } from "./platform.js";
import type { Answer } from "./protocol.js";

export * from "./index.js";

const compileSync = (): WebAssembly.Module => new WebAssembly.Module(unpack(wasm));

setPlatform({
  compile: async () => compileSync(),
  compileSync,
  openPort,
  threads: () => builtin("node:os").availableParallelism(),
});

/** Asked of the process, not imported: a bundler has nothing to resolve, and nothing to turn into a call of `require`. */
function builtin<Name extends "node:os" | "node:worker_threads">(name: Name): ReturnType<typeof process.getBuiltinModule<Name>> {
  return process.getBuiltinModule(name);
}

async function openPort(events: PortEvents, module: WebAssembly.Module): Promise<Port> {
  const { Worker } = builtin("node:worker_threads");
  const worker = new Worker(workerCode, { eval: true, workerData: module });
  await started(worker);
  let open = 0;
  let isClosed = false;
  worker.unref();
  worker.on("message", (answer: Answer) => {
    // An idle worker does not keep the process alive.
    if (--open === 0) worker.unref();
    events.answer(answer);
  });
  worker.on("error", (error) => events.lost(error));
  worker.on("exit", (code) => {
    if (!isClosed) events.lost(new Error(`the worker ended with ${code}`));
  });
  return {
    post(request, transfer) {
      if (open++ === 0) worker.ref();
      worker.postMessage(request, transfer);
    },
    close() {
      isClosed = true;
      return worker.terminate();
    },
  };
}

function started(worker: NodeWorker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once("message", () => resolve());
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`the worker ended with ${code}`)));
  });
}
