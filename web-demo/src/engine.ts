// The verifier behind the page. In the one-file build, wasm and worker are data blocks of the page itself.
import { createVerifier, type Verifier } from "capseal-verify";

/** Bytes of a data block of the one-file build; `undefined` in the served build. */
export function inlined(id: string): Uint8Array<ArrayBuffer> | undefined {
  const text = document.getElementById(id)?.textContent;
  return text === null || text === undefined ? undefined : decodeBase64(text);
}

/** Whether this is the one-file build: everything is in the page, and its policy allows no network. */
export function isOneFile(): boolean {
  return document.getElementById("inlined-wasm") !== null;
}

export function startVerifier(): Verifier {
  const wasm = inlined("inlined-wasm");
  const worker = inlined("inlined-worker");
  if (!wasm || !worker) return createVerifier();
  const address = URL.createObjectURL(new Blob([worker], { type: "text/javascript" }));
  return createVerifier({ wasm, worker: () => new Worker(address) });
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.trim()), (character) => character.charCodeAt(0));
}
