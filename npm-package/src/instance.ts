// One instance of a wasm module. A trap ends an instance: it is thrown away, and the next call gets a fresh one.
import { VerifierError } from "./errors.js";

/** What wasm-bindgen writes around a module. */
interface Glue {
  /** Without a module it answers the exports of the running instance. */
  initSync(init: { module: WebAssembly.Module }): { memory: WebAssembly.Memory };
  __wbg_reset_state(): void;
}

/** Memory of an instance never shrinks; one that has grown beyond this is replaced after the call. */
const KEPT_MEMORY_BYTES = 64 * 1024 * 1024;

export class Instance {
  readonly #glue: Glue;
  #started = false;

  constructor(glue: Glue) {
    this.#glue = glue;
  }

  get isStarted(): boolean {
    return this.#started;
  }

  start(module: WebAssembly.Module): void {
    if (this.#started) return;
    try {
      this.#glue.initSync({ module: ofThisRealm(module) });
    } catch (cause) {
      throw new VerifierError("LOAD_FAILED", "the wasm verifier could not be started", { cause });
    }
    this.#started = true;
  }

  call<T>(run: () => T): T {
    if (!this.#started) throw new VerifierError("NOT_LOADED", "call and await load() first");
    try {
      const value = run();
      if (this.#memoryBytes() > KEPT_MEMORY_BYTES) this.#renew();
      return value;
    } catch (cause) {
      if (isRefusedArgument(cause)) throw new VerifierError("USAGE", cause.message);
      this.#renew();
      throw new VerifierError("TRAPPED", "the verifier stopped; treat what was given to it as not verified", { cause });
    }
  }

  #memoryBytes(): number {
    const exports = (this.#glue.initSync as () => { memory: WebAssembly.Memory })();
    return exports.memory.buffer.byteLength;
  }

  #renew(): void {
    try {
      this.#glue.__wbg_reset_state();
    } catch (cause) {
      throw new VerifierError("LOAD_FAILED", "the wasm verifier could not be restarted", { cause });
    }
  }
}

/** The glue knows a compiled module by its class, and an edge runtime hands over one of another realm. */
function ofThisRealm(module: WebAssembly.Module): WebAssembly.Module {
  if (!(module instanceof WebAssembly.Module)) Object.setPrototypeOf(module, WebAssembly.Module.prototype as object);
  return module;
}

/** The binding throws plain errors about its arguments only; traps and exhausted stacks are of other classes. */
function isRefusedArgument(error: unknown): error is Error {
  return error instanceof Error && error.constructor === Error;
}
