// The worker in browsers: first the compiled module, then requests.
import { instance } from "./engine.js";
import { answer, type Request } from "./protocol.js";

interface WorkerScope {
  onmessage: ((event: MessageEvent<{ module: WebAssembly.Module } | Request>) => void) | null;
  postMessage(message: unknown): void;
}

const scope = self as unknown as WorkerScope;

scope.onmessage = ({ data }) => {
  if ("module" in data) {
    instance.start(data.module);
    scope.postMessage("started");
  } else {
    scope.postMessage(answer(data));
  }
};
