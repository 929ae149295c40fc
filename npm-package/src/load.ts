import * as engine from "./engine.js";
import { VerifierError } from "./errors.js";
import { getPlatform } from "./platform.js";

/** A `WebAssembly.Module`; named here for programs whose TypeScript does not know the namespace. */
export type CompiledModule = object;

/** Where the wasm comes from when not from the package: its address, bytes, a `Response`, or a compiled module. */
export type WasmSource = URL | string | Response | ArrayBuffer | ArrayBufferView | CompiledModule;

let compiled: Promise<WebAssembly.Module> | undefined;

/**
 * Starts the verifier. `verify` and its kin do this themselves; call it to fetch the module early, to bring the module
 * yourself, or before the synchronous calls in a browser. A second call does nothing.
 */
export async function load(source?: WasmSource): Promise<void> {
  if (!engine.isStarted()) engine.start(await compiledModule(source));
}

/** The compiled module, fetched once; a failed attempt may be repeated. @internal */
export function compiledModule(source?: WasmSource): Promise<WebAssembly.Module> {
  compiled ??= (source === undefined ? getPlatform().compile() : compile(source)).catch((cause: unknown) => {
    compiled = undefined;
    throw new VerifierError("LOAD_FAILED", "the wasm verifier could not be loaded", { cause });
  });
  return compiled;
}

/** Starts the verifier at once where the platform can. @internal */
export function loadSync(): void {
  const { compileSync } = getPlatform();
  if (!engine.isStarted() && compileSync) engine.start(compileSync());
}

/** @internal */
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
