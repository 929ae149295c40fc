// Workers of browsers.
import type { Port, PortEvents } from "./platform.js";
import type { Answer } from "./protocol.js";

const MOST_WAIT_MS = 10_000;

/** Opens the first worker that starts. */
export async function openWebPort(events: PortEvents, module: WebAssembly.Module, starts: (() => Worker)[]): Promise<Port> {
  let failure: unknown;
  for (const start of starts) {
    try {
      return await open(events, module, start());
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

export function webThreads(): number {
  return globalThis.navigator?.hardwareConcurrency ?? 1;
}

async function open(events: PortEvents, module: WebAssembly.Module, worker: Worker): Promise<Port> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  await new Promise<void>((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = (event) => {
      event.preventDefault?.();
      reject(new Error(event.message));
    };
    worker.onmessageerror = () => reject(new Error("the module could not be handed to the worker"));
    timer = setTimeout(() => reject(new Error("the worker did not start")), MOST_WAIT_MS);
    worker.postMessage({ module });
  })
    .catch((error: unknown) => {
      worker.terminate();
      throw error;
    })
    .finally(() => clearTimeout(timer));
  const lost = (cause: unknown): void => {
    worker.terminate();
    events.lost(cause);
  };
  worker.onmessage = ({ data }: MessageEvent<Answer>) => events.answer(data);
  worker.onerror = (event) => lost(event.message);
  worker.onmessageerror = () => lost("the answer could not be read");
  return { post: (request, transfer) => worker.postMessage(request, transfer), close: () => worker.terminate() };
}
