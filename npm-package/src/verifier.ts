import { auditBy, type Core, type SamplePlan } from "./audit.js";
import { VerifierError } from "./errors.js";
import type { Inspected } from "./inspection.js";
import { Lane } from "./lane.js";
import { compileFrom } from "./compile.js";
import { compiledModule, load } from "./load.js";
import { assertSources, verifyEach, type Sources, type Verified } from "./many.js";
import { digestText, kindOf, readAuditOptions, readFields, readVerifyOptions, wholeNumber, wrong } from "./options.js";
import { getPlatform, type Port, type PortEvents } from "./platform.js";
import type { Call } from "./protocol.js";
import { readSource, type Source } from "./source.js";
import type { AuditOptions, Verdict, VerifyOptions } from "./verdict.js";
import type { WasmSource } from "./wasm-source.js";

/** A verifier on threads of its own: same answers, and the page or the service stays responsive. */
export interface Verifier extends Disposable, AsyncDisposable {
  verify(source: Source, options?: VerifyOptions): Promise<Verdict>;
  /** As the function `verifyMany`, on this verifier's threads. */
  verifyMany(sources: Sources, options?: VerifyOptions): AsyncGenerator<Verified, void, undefined>;
  /** As `audit`: rows are fetched on the caller's thread, and checked on the verifier's. */
  audit(source: Source, options: AuditOptions): Promise<Verdict>;
  inspect(source: Source): Promise<Inspected>;
  artifact(source: Source, digest: string): Promise<Uint8Array | undefined>;
  entryProof(source: Source, index: number): Promise<string | undefined>;
  /** Where calls run, known after the first: `inline` means on the caller's thread, because no worker could start. */
  readonly mode: "worker" | "inline" | undefined;
  /** Ends the workers; calls without an answer fail with `TERMINATED`. So does leaving a block with `using` or `await using`. */
  terminate(): void;
}

export interface VerifierOptions {
  /** Workers, each with an instance of its own and about 10 MB. Default: 1. */
  threads?: number;
  /** Where the wasm comes from when not from the package. */
  wasm?: WasmSource;
  /** Browsers: starts the worker from another place than the package's. */
  worker?: () => WorkerHandle;
}

/** A `Worker`; named here for programs whose TypeScript does not know it. */
export interface WorkerHandle {
  postMessage(message: unknown): void;
  terminate(): void;
}

const MOST_THREADS = 256;

/**
 * Starts a verifier off the main thread; falls back to the caller's thread where no worker can start. A service has one for all its
 * requests: a worker lasts until `terminate()`.
 */
export function createVerifier(options: VerifierOptions = {}): Verifier {
  const { threads, wasm, worker } = readVerifierOptions(options);
  let mode: Verifier["mode"];
  let closed: Promise<unknown> | undefined;

  let compiled: Promise<WebAssembly.Module> | undefined;
  const module = (): Promise<WebAssembly.Module> => (compiled ??= wasm === undefined ? compiledModule() : compileFrom(wasm));

  const openPort = async (events: PortEvents): Promise<Port | undefined> => {
    // A module that cannot be loaded is an error; a worker that cannot be started is not.
    const loaded = await module().catch((error: unknown) => {
      compiled = undefined;
      throw error;
    });
    try {
      const opened = await getPlatform().openPort(events, loaded, worker);
      mode = "worker";
      return opened;
    } catch {
      mode = "inline";
      return undefined;
    }
  };

  const lanes = Array.from({ length: threads }, () => new Lane(openPort, async () => load(await module())));
  const ask = async (call: Call): Promise<unknown> => {
    if (closed !== undefined) throw terminated();
    const least = lanes.reduce((best, lane) => (lane.load < best.load ? lane : best));
    return least.ask(call);
  };
  const close = (): Promise<unknown> => (closed ??= Promise.all(lanes.map((lane) => lane.close(terminated()))));

  const verify = async (source: Source, asked: VerifyOptions | undefined): Promise<Verdict> =>
    (await ask({ name: "verify", bytes: await readSource(source), options: asked })) as Verdict;

  const verifier = {
    get mode() {
      return mode;
    },
    async verify(source: Source, verifyOptions?: VerifyOptions) {
      return verify(source, readVerifyOptions(verifyOptions));
    },
    verifyMany(sources: Sources, verifyOptions?: VerifyOptions) {
      assertSources(sources);
      const asked = readVerifyOptions(verifyOptions);
      return verifyEach(sources, (source) => verify(source, asked), threads);
    },
    async audit(source: Source, auditOptions: AuditOptions) {
      const audit = readAuditOptions(auditOptions);
      return auditBy(coreOf(ask, await readSource(source)), audit);
    },
    async inspect(source: Source) {
      return (await ask({ name: "inspect", bytes: await readSource(source) })) as Inspected;
    },
    async artifact(source: Source, digest: string) {
      const wanted = digestText(digest, "digest");
      return (await ask({ name: "artifact", bytes: await readSource(source), digest: wanted })) as Uint8Array | undefined;
    },
    async entryProof(source: Source, index: number) {
      const wanted = wholeNumber(index, "index");
      return (await ask({ name: "entryProof", bytes: await readSource(source), index: wanted })) as string | undefined;
    },
    terminate() {
      void close();
    },
  };
  return disposable(verifier, close);
}

/** What an audit of these bytes asks. Each call gives away a copy. */
function coreOf(ask: (call: Call) => Promise<unknown>, bytes: Uint8Array): Core {
  return {
    verify: async (options) => (await ask({ name: "verify", bytes: bytes.slice(), options })) as Verdict,
    plan: async (nonce, bits) => (await ask({ name: "plan", bytes: bytes.slice(), nonce, bits })) as SamplePlan | undefined,
    challengePlan: async (challenge) => (await ask({ name: "challengePlan", bytes: bytes.slice(), challenge })) as SamplePlan | undefined,
    attestationList: async (list) => (await ask({ name: "attestationList", bytes: list.slice() })) as Uint8Array[],
  };
}

/** The engine may not know these symbols; then nobody can ask by them. */
function disposable<T extends { terminate(): void }>(verifier: T, close: () => Promise<unknown>): T & Disposable & AsyncDisposable {
  const define = (name: symbol | undefined, value: () => unknown): void => {
    if (name !== undefined) Object.defineProperty(verifier, name, { value });
  };
  define(Symbol.dispose as symbol | undefined, () => verifier.terminate());
  define(Symbol.asyncDispose as symbol | undefined, async () => void (await close()));
  return verifier as T & Disposable & AsyncDisposable;
}

function readVerifierOptions(options: VerifierOptions): { threads: number; wasm: WasmSource | undefined; worker: (() => WorkerHandle) | undefined } {
  const fields = readFields(options, "options");
  for (const [name, value] of fields) {
    if (!["threads", "wasm", "worker"].includes(name)) throw wrong(`options.${name} is no option`);
    if (value === undefined || value === null) throw wrong(`options.${name} is ${String(value)}: leave it out, or give it a value`);
  }
  const threads = fields.has("threads") ? wholeNumber(fields.get("threads"), "options.threads", MOST_THREADS) : 1;
  if (threads === 0) throw wrong("options.threads: a whole number from 1 on is needed");
  const worker = fields.get("worker");
  if (worker !== undefined && typeof worker !== "function") throw wrong(`options.worker: a function is needed, not ${kindOf(worker)}`);
  return { threads, wasm: fields.get("wasm") as WasmSource | undefined, worker: worker as (() => WorkerHandle) | undefined };
}

function terminated(): VerifierError {
  return new VerifierError("TERMINATED", "the verifier was terminated");
}

/**
 * Verifies many receipts on threads of their own, in their order. The next ones are taken from `sources` only as results are taken:
 * at most two receipts for each thread are held. Leaving the loop ends the threads.
 */
export function verifyMany(sources: Sources, options?: VerifyOptions, on?: { threads?: number }): AsyncGenerator<Verified, void, undefined> {
  assertSources(sources);
  const asked = readVerifyOptions(options);
  const { threads } = readVerifierOptions(on ?? { threads: getPlatform().threads() });
  return (async function* () {
    const verifier = createVerifier({ threads });
    try {
      yield* verifier.verifyMany(sources, asked);
    } finally {
      verifier.terminate();
    }
  })();
}
