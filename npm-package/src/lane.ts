// One worker of a verifier, started at its first call, and the calls that wait for its answers.
import { VerifierError } from "./errors.js";
import type { Port, PortEvents } from "./platform.js";
import { run, type Answer, type Call } from "./protocol.js";

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export class Lane {
  readonly #open: (events: PortEvents) => Promise<Port | undefined>;
  readonly #load: () => Promise<void>;
  readonly #waiting = new Map<number, Waiting>();
  #port: Promise<Port | undefined> | undefined;
  #nextId = 0;

  /** `open` gives nothing where no worker can start: calls then run on the caller's thread, after `load`. */
  constructor(open: (events: PortEvents) => Promise<Port | undefined>, load: () => Promise<void>) {
    this.#open = open;
    this.#load = load;
  }

  /** Calls without an answer. */
  get load(): number {
    return this.#waiting.size;
  }

  ask(call: Call): Promise<unknown> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      void this.#send(id, call);
    });
  }

  /** Ends the worker; what has no answer fails. */
  async close(error: VerifierError): Promise<void> {
    this.#failAll(error);
    const port = await this.#port?.catch(() => undefined);
    await port?.close();
  }

  async #send(id: number, call: Call): Promise<void> {
    try {
      this.#port ??= this.#start();
      const port = await this.#port;
      if (port === undefined) await this.#load();
      if (!this.#waiting.has(id)) return;
      // The bytes are a copy already, and nobody else's.
      if (port) port.post({ id, call }, [call.bytes.buffer as ArrayBuffer]);
      else this.#settle({ id, value: run(call) });
    } catch (error) {
      this.#take(id)?.reject(error instanceof VerifierError ? error : stopped(error));
    }
  }

  async #start(): Promise<Port | undefined> {
    try {
      return await this.#open({ answer: (answer) => this.#settle(answer), lost: (cause) => this.#lost(cause) });
    } catch (error) {
      this.#port = undefined;
      throw error;
    }
  }

  #settle(answer: Answer): void {
    const call = this.#take(answer.id);
    if ("error" in answer) call?.reject(new VerifierError(answer.error.code, answer.error.message));
    else call?.resolve(answer.value);
  }

  #take(id: number): Waiting | undefined {
    const call = this.#waiting.get(id);
    this.#waiting.delete(id);
    return call;
  }

  #lost(cause: unknown): void {
    this.#port = undefined;
    this.#failAll(stopped(cause));
  }

  #failAll(error: VerifierError): void {
    const calls = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const call of calls) call.reject(error);
  }
}

function stopped(cause: unknown): VerifierError {
  return new VerifierError("TRAPPED", "the worker stopped; treat the receipt as not verified", { cause });
}
