// The worker in Node, carried as text by the package's code. It holds an instance of its own: wasm memory is not shared between threads.
import { parentPort, workerData } from "node:worker_threads";

import { instance } from "./engine.js";
import { answer, type Request } from "./protocol.js";

instance.start(workerData as WebAssembly.Module);
parentPort?.on("message", (request: Request) => parentPort?.postMessage(answer(request)));
parentPort?.postMessage("started");
