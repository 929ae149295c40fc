// The worker in Node. It holds an instance of its own: wasm memory is not shared between threads.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parentPort } from "node:worker_threads";

import { instance } from "./engine.js";
import { answer, type Request } from "./protocol.js";

declare const __dirname: string;

instance.start(new WebAssembly.Module(readFileSync(join(__dirname, "verifier.wasm"))));
parentPort?.on("message", (request: Request) => parentPort?.postMessage(answer(request)));
parentPort?.postMessage("started");
