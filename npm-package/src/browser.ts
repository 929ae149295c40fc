import { compile } from "./compile.js";
import { compiledModule } from "./load.js";
import { setPlatform, type Port, type PortEvents } from "./platform.js";
import type { Answer } from "./protocol.js";

export * from "./index.js";

setPlatform({
  // Bundlers look for these two literals.
  compile: () => compile(new URL("./verifier.wasm", import.meta.url)),
  openPort: (events, worker) =>
    openPort(
      events,
      (worker as (() => Worker) | undefined) ??
        (() => new Worker(new URL("./worker.js", import.meta.url), { type: "module" })),
    ),
});

async function openPort(events: PortEvents, startWorker: () => Worker): Promise<Port> {
  const module = await compiledModule();
  const worker = startWorker();
  await new Promise<void>((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessageerror = () => reject(new Error("the module could not be handed to the worker"));
    worker.postMessage({ module });
  }).catch((error: unknown) => {
    worker.terminate();
    throw error;
  });
  const lost = (cause: unknown): void => {
    worker.terminate();
    events.lost(cause);
  };
  worker.onmessage = ({ data }: MessageEvent<Answer>) => events.answer(data);
  worker.onerror = (event) => lost(event.message);
  worker.onmessageerror = () => lost("the answer could not be read");
  return { post: (request) => worker.postMessage(request), close: () => worker.terminate() };
}
