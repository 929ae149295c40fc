// What the build puts into a bundle as text: a wasm module (deflated, base64), or the code of a worker.
declare module "carried:*" {
  const text: string;
  export default text;
}

// Runtimes that compile nothing take a module as an import.
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
