import { VerifierError } from "./errors.js";
import type { Instance } from "./instance.js";
import { kindOf, wrong } from "./options.js";
import type { WasmSource } from "./wasm-source.js";

/** How a platform compiles one of the package's modules. */
export interface Compiler {
  compile(): Promise<WebAssembly.Module>;
  /** The same at once, where the platform can. */
  compileSync?(): WebAssembly.Module;
}

/** Starts one of the package's modules, fetched once. */
export class Loader {
  readonly #instance: Instance;
  readonly #compiler: () => Compiler;
  #compiled: Promise<WebAssembly.Module> | undefined;

  constructor(instance: Instance, compiler: () => Compiler) {
    this.#instance = instance;
    this.#compiler = compiler;
  }

  async load(source?: WasmSource): Promise<void> {
    if (!this.#instance.isStarted) this.#instance.start(await this.compiled(source));
  }

  loadSync(): void {
    const { compileSync } = this.#compiler();
    if (this.#instance.isStarted || !compileSync) return;
    let module: WebAssembly.Module;
    try {
      module = compileSync();
    } catch (cause) {
      throw asLoadFailed(cause);
    }
    this.#instance.start(module);
  }

  /** The compiled module; a failed attempt may be repeated. */
  compiled(source?: WasmSource): Promise<WebAssembly.Module> {
    this.#compiled ??= (source === undefined ? this.#compile() : compileFrom(source)).catch((cause: unknown) => {
      this.#compiled = undefined;
      throw asLoadFailed(cause);
    });
    return this.#compiled;
  }

  /** Whatever the platform throws, and when, is a refusal of the promise. */
  async #compile(): Promise<WebAssembly.Module> {
    return this.#compiler().compile();
  }
}

/** Compiles what the caller brings. */
export async function compileFrom(source: WasmSource): Promise<WebAssembly.Module> {
  try {
    return await compile(source);
  } catch (cause) {
    throw asLoadFailed(cause);
  }
}

export async function compile(source: WasmSource): Promise<WebAssembly.Module> {
  if (isModule(source)) return source;
  const body = typeof source === "string" || isUrl(source) ? await fetch(source) : source;
  if (isBytes(body)) return WebAssembly.compile(body);
  if (!isResponse(body)) throw wrong(`the wasm is a URL, bytes, a Response or a compiled module, not ${kindOf(body)}`);
  if (!body.ok) throw new Error(`${body.url}: the server answered ${body.status}`);
  // Streaming wants the right media type; bytes do not care.
  const streams = body.headers.get("content-type") === "application/wasm" && "compileStreaming" in WebAssembly;
  return streams ? WebAssembly.compileStreaming(body) : WebAssembly.compile(await body.arrayBuffer());
}

function asLoadFailed(cause: unknown): VerifierError {
  if (cause instanceof VerifierError) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new VerifierError("LOAD_FAILED", `the wasm verifier could not be loaded (${why}); load(source) takes it from elsewhere`, { cause });
}

// By tag, not by class: each may come from another realm.

function isModule(source: unknown): source is WebAssembly.Module {
  return Object.prototype.toString.call(source) === "[object WebAssembly.Module]";
}

function isUrl(source: unknown): source is URL {
  return Object.prototype.toString.call(source) === "[object URL]";
}

function isBytes(body: unknown): body is BufferSource {
  return ArrayBuffer.isView(body) || /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(body));
}

function isResponse(body: unknown): body is Response {
  return typeof (body as Response | null)?.arrayBuffer === "function" && "ok" in (body as Response);
}
