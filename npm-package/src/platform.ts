// What differs between Node and browsers; set once by the entry file.
import type { Compiler } from "./compile.js";
import type { Answer, Request } from "./protocol.js";

/** A worker that has started the verifier. */
export interface Port {
  post(request: Request, transfer: ArrayBuffer[]): void;
  close(): unknown;
}

export interface PortEvents {
  answer(answer: Answer): void;
  /** The worker is gone; nothing more will come. */
  lost(cause: unknown): void;
}

export interface Platform extends Compiler {
  /** Starts a worker; refuses where there are none. `worker` is the caller's own, if any. */
  openPort(events: PortEvents, module: WebAssembly.Module, worker?: () => unknown): Promise<Port>;
  /** How many run at once. */
  threads(): number;
}

let platform: Platform;

export function setPlatform(value: Platform): void {
  platform = value;
}

export function getPlatform(): Platform {
  return platform;
}
