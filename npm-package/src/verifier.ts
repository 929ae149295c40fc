import { auditBy, type SamplePlan } from "./audit.js";
import { VerifierError } from "./errors.js";
import type { Inspected } from "./inspection.js";
import type { WasmSource } from "./wasm-source.js";
import { compiledModule, load } from "./load.js";
import { getPlatform, type Port } from "./platform.js";
import { run, type Answer, type Call } from "./protocol.js";
import { readSource, type Source } from "./source.js";
import type { AuditOptions, Verdict, VerifyOptions } from "./verdict.js";

/** A verifier on a thread of its own: same answers, and the page stays responsive. */
export interface Verifier {
  verify(source: Source, options?: VerifyOptions): Promise<Verdict>;
  /** As `audit`: rows are fetched on the caller's thread, and checked on the verifier's. */
  audit(source: Source, options: AuditOptions): Promise<Verdict>;
  inspect(source: Source): Promise<Inspected>;
  artifact(source: Source, digest: string): Promise<Uint8Array | undefined>;
  entryProof(source: Source, index: number): Promise<string | undefined>;
  /** Where calls run, known after the first: `inline` means on the caller's thread, because no worker could start. */
  readonly mode: "worker" | "inline" | undefined;
  /** Ends the worker; calls without an answer fail with `TERMINATED`. */
  terminate(): void;
}

export interface VerifierOptions {
  /** Where the wasm comes from when not from the package. */
  wasm?: WasmSource;
  /** Browsers: starts the worker from another place than `worker.js` beside the package's code. */
  worker?: () => WorkerHandle;
}

/** A `Worker`; named here for programs whose TypeScript does not know it. */
export interface WorkerHandle {
  postMessage(message: unknown): void;
  terminate(): void;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: VerifierError): void;
}

/** Starts a verifier off the main thread; falls back to the caller's thread where no worker can start. */
export function createVerifier(options: VerifierOptions = {}): Verifier {
  const waiting = new Map<number, Waiting>();
  let nextId = 0;
  let mode: Verifier["mode"];
  let port: Promise<Port | undefined> | undefined;
  let terminated = false;

  const settle = (answer: Answer): void => {
    const call = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ("error" in answer) call?.reject(new VerifierError(answer.error.code, answer.error.message));
    else call?.resolve(answer.value);
  };

  const failAll = (error: VerifierError): void => {
    for (const call of waiting.values()) call.reject(error);
    waiting.clear();
  };

  const lost = (cause: unknown): void => {
    port = undefined;
    failAll(new VerifierError("TRAPPED", "the worker stopped; treat the receipt as not verified", { cause }));
  };

  const openPort = async (): Promise<Port | undefined> => {
    try {
      if (options.wasm !== undefined) await compiledModule(options.wasm);
      const opened = await getPlatform().openPort({ answer: settle, lost }, options.worker);
      mode = "worker";
      return opened;
    } catch {
      mode = "inline";
      return undefined;
    }
  };

  const ask = async (call: Call): Promise<unknown> => {
    const opened = terminated ? undefined : await (port ??= openPort());
    if (terminated) throw new VerifierError("TERMINATED", "the verifier was terminated");
    if (!opened) {
      await load();
      return run(call);
    }
    const id = nextId++;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      try {
        opened.post({ id, call: { ...call, bytes: wholeBuffer(call.bytes) } });
      } catch (cause) {
        waiting.delete(id);
        reject(new VerifierError("USAGE", "the arguments cannot be sent to the worker", { cause }));
      }
    });
  };

  return {
    get mode() {
      return mode;
    },
    async verify(source, verifyOptions) {
      const call: Call = { name: "verify", bytes: await readSource(source), options: verifyOptions };
      return (await ask(call)) as Verdict;
    },
    async audit(source, auditOptions) {
      const bytes = await readSource(source);
      const core = {
        verify: async (asked: VerifyOptions) => (await ask({ name: "verify", bytes, options: asked })) as Verdict,
        plan: async (nonce: string, bits: number) =>
          (await ask({ name: "plan", bytes, nonce, bits })) as SamplePlan | undefined,
        challengePlan: async (challenge: Uint8Array) =>
          (await ask({ name: "challengePlan", bytes, challenge })) as SamplePlan | undefined,
        attestationList: async (list: Uint8Array) =>
          (await ask({ name: "attestationList", bytes: list })) as Uint8Array[],
      };
      return auditBy(core, auditOptions);
    },
    async inspect(source) {
      return (await ask({ name: "inspect", bytes: await readSource(source) })) as Inspected;
    },
    async artifact(source, digest) {
      return (await ask({ name: "artifact", bytes: await readSource(source), digest })) as Uint8Array | undefined;
    },
    async entryProof(source, index) {
      return (await ask({ name: "entryProof", bytes: await readSource(source), index })) as string | undefined;
    },
    terminate() {
      terminated = true;
      void port?.then((opened) => opened?.close()).catch(() => undefined);
      failAll(new VerifierError("TERMINATED", "the verifier was terminated"));
    },
  };
}

/** A message carries the whole buffer under a view; a small view of a large buffer is copied first. */
function wholeBuffer(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}
