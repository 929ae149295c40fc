// A wasm module that travels inside the package's code: base64 of a deflated module. No tool and no host has to know how to find a file.
import { inflateSync } from "fflate";

import type { Compiler } from "./compile.js";
import { VerifierError } from "./errors.js";

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Where threads differ: a page's main one may refuse to compile this much at once. */
export function compilerOf(carried: string): Required<Compiler> {
  return {
    compile: async () => WebAssembly.compile(unpack(carried)),
    compileSync() {
      try {
        return new WebAssembly.Module(unpack(carried));
      } catch (cause) {
        throw new VerifierError("NOT_LOADED", "call and await load() first", { cause });
      }
    },
  };
}

/** The bytes of a module. Uses nothing of the host: `atob`, `Buffer` and `DecompressionStream` each lack somewhere. */
export function unpack(carried: string): Uint8Array<ArrayBuffer> {
  return inflateSync(fromBase64(carried)) as Uint8Array<ArrayBuffer>;
}

/** Without padding. */
function fromBase64(text: string): Uint8Array {
  const values = new Uint8Array(128);
  for (let value = 0; value < DIGITS.length; value++) values[DIGITS.charCodeAt(value)] = value;
  const bytes = new Uint8Array((text.length * 3) >> 2);
  let bits = 0;
  for (let at = 0, to = 0; at < text.length; at++) {
    bits = (bits << 6) | (values[text.charCodeAt(at)] as number);
    if (at % 4 === 0) continue;
    bytes[to++] = bits >> (6 - 2 * (at % 4));
  }
  return bytes;
}
