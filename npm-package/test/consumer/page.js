// What a bundler sees: the package, its wasm and its worker.
import { createVerifier, verify } from "capseal-verify";

globalThis.answer = Promise.all([verify(new Uint8Array(3)), createVerifier().verify(new Uint8Array(3))]);
