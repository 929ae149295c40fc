/** A `WebAssembly.Module`; named here for programs whose TypeScript does not know the namespace. */
export type CompiledModule = object;

/** Where the wasm comes from when not from the package: its address, bytes, a `Response`, or a compiled module. */
export type WasmSource = URL | string | Response | ArrayBuffer | ArrayBufferView | CompiledModule;
