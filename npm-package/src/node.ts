import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";

import { setPlatform, type Port, type PortEvents } from "./platform.js";
import type { Answer } from "./protocol.js";

export * from "./index.js";

/** This file is published as CommonJS; `node.mjs` re-exports it, so that a process has one instance. */
declare const __dirname: string;

const compileSync = (): WebAssembly.Module => new WebAssembly.Module(readFileSync(join(__dirname, "verifier.wasm")));

setPlatform({ compile: async () => compileSync(), compileSync, openPort });

async function openPort(events: PortEvents): Promise<Port> {
  const worker = new Worker(join(__dirname, "node-worker.cjs"));
  await new Promise<void>((resolve, reject) => {
    worker.once("message", () => resolve());
    worker.once("error", reject);
  });
  let open = 0;
  worker.unref();
  worker.on("message", (answer: Answer) => {
    // An idle worker does not keep the process alive.
    if (--open === 0) worker.unref();
    events.answer(answer);
  });
  worker.on("error", (error) => events.lost(error));
  return {
    post(request) {
      if (open++ === 0) worker.ref();
      worker.postMessage(request);
    },
    close: () => void worker.terminate(),
  };
}
