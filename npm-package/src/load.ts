import { Loader } from "./compile.js";
import { instance } from "./engine.js";
import { getPlatform } from "./platform.js";
import type { WasmSource } from "./wasm-source.js";

const loader = new Loader(instance, getPlatform);

/**
 * Starts the verifier. `verify` and its kin do this themselves; call it to fetch the module early, to bring the module
 * yourself, or before the synchronous calls in a browser. A second call does nothing.
 */
export async function load(source?: WasmSource): Promise<void> {
  await loader.load(source);
}

/** The compiled module, fetched once; a failed attempt may be repeated. @internal */
export function compiledModule(source?: WasmSource): Promise<WebAssembly.Module> {
  return loader.compiled(source);
}

/** Starts the verifier at once where the platform can. @internal */
export function loadSync(): void {
  loader.loadSync();
}
