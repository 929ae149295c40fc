import { VerifierError } from "./errors.js";
import type { Instance } from "./instance.js";
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
    if (!this.#instance.isStarted && compileSync) this.#instance.start(compileSync());
  }

  /** The compiled module; a failed attempt may be repeated. */
  compiled(source?: WasmSource): Promise<WebAssembly.Module> {
    this.#compiled ??= (source === undefined ? this.#compiler().compile() : compile(source)).catch((cause: unknown) => {
      this.#compiled = undefined;
      throw new VerifierError("LOAD_FAILED", "the wasm verifier could not be loaded", { cause });
    });
    return this.#compiled;
  }
}

export async function compile(source: WasmSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  const body = typeof source === "string" || source instanceof URL ? await fetch(source) : source;
  if (!isResponse(body)) return WebAssembly.compile(body as BufferSource);
  if (!body.ok) throw new Error(`${body.url}: the server answered ${body.status}`);
  // Streaming wants the right media type; bytes do not care.
  const streams = body.headers.get("content-type") === "application/wasm" && "compileStreaming" in WebAssembly;
  return streams ? WebAssembly.compileStreaming(body) : WebAssembly.compile(await body.arrayBuffer());
}

function isResponse(body: object): body is Response {
  return "arrayBuffer" in body;
}
