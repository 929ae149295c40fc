// Shows one artifact: text as text, anything else as its first bytes. Content is hostile and stays text.
import type { FileEntry, Verifier } from "capseal-verify";

import type { Receipt } from "./desk.js";
import { block, byId, count, counted, grouped, h, size, word, type Child } from "./element.js";

const SHOWN_TEXT = 200_000;
const SHOWN_BYTES = 512;

/** Opens the viewer for a file of the receipt, when that is still the one that is shown. */
export async function view(verifier: Verifier, receipt: Receipt, file: FileEntry, isShown: () => boolean): Promise<void> {
  const content = await verifier.artifact(receipt.bytes, file.digest);
  if (!isShown()) return;
  const meta = h("p", { class: "meta" }, `${count(file.size)} bytes, SHA-256 `, h("code", { translate: "no" }, ...grouped(file.digest)));
  open(word(file.path), meta, ...(content ? body(content, file.path) : [missing()]));
}

/** Closes it: what it shows belongs to a receipt that is gone. */
export function closeViewer(): void {
  byId<HTMLDialogElement>("viewer").close();
}

/** Opens the viewer for an entry of the receipt's event log, with the proof that it is in it. */
export async function viewEntry(verifier: Verifier, receipt: Receipt, index: number, isShown: () => boolean): Promise<void> {
  const text = await verifier.entryProof(receipt.bytes, index);
  if (!isShown()) return;
  open(`Entry ${count(index)} of the log`, ...(text === undefined ? [unprovable()] : proof(text)));
}

function open(title: Child, ...content: HTMLElement[]): void {
  const dialog = byId<HTMLDialogElement>("viewer");
  const close = h("button", { type: "button", autofocus: true, onclick: () => dialog.close() }, "Close");
  dialog.replaceChildren(h("header", {}, h("h2", { id: "viewer-title" }, title), close), ...content);
  dialog.showModal();
}

function unprovable(): HTMLElement {
  return h("p", { class: "trouble" }, "There is no proof for this entry: the log breaks a rule, or has no entry of this number.");
}

function proof(text: string): HTMLElement[] {
  const { entry, size: entries, root, path } = JSON.parse(text) as { entry: string; size: number; root: string; path: string[] };
  const saveProof = (): void => save(new TextEncoder().encode(`${text}\n`), "log-proof.json");
  return [
    h(
      "p",
      { class: "meta" },
      `One of ${count(entries)} entries. ${counted(path.length, "fingerprint")} lead from it to the log’s root `,
      h("code", { translate: "no" }, ...grouped(root)),
    ),
    h("pre", { tabindex: 0, dir: "ltr", translate: "no", class: "text" }, block(JSON.stringify(JSON.parse(entry), null, 2))),
    h(
      "details",
      {},
      h("summary", {}, "The proof"),
      h("ol", { class: "path" }, ...path.map((digest) => h("li", {}, h("code", { translate: "no" }, ...grouped(digest))))),
    ),
    h("p", {}, "Whoever holds the root, from a checkpoint or from this receipt, can check it without the rest of the log."),
    h("p", {}, h("button", { type: "button", onclick: saveProof }, "Save this proof…")),
  ];
}

function missing(): HTMLElement {
  return h("p", { class: "trouble" }, "The receipt carries no content with this fingerprint.");
}

function body(content: Uint8Array, path: string): HTMLElement[] {
  const text = asText(content);
  const shown = text === undefined ? hex(content) : block(text.slice(0, SHOWN_TEXT));
  const cut = text === undefined ? content.length > SHOWN_BYTES : text.length > SHOWN_TEXT;
  const limit = text === undefined ? `${SHOWN_BYTES} bytes` : `${count(SHOWN_TEXT)} characters`;
  return [
    text === undefined ? h("p", {}, "Not text. Its bytes:") : null,
    h("pre", { tabindex: 0, dir: "ltr", translate: "no", class: text === undefined ? "hex" : "text" }, shown === "" ? "(empty)" : shown),
    cut ? h("p", {}, `Only the first ${limit} of ${size(content.length)} are shown.`) : null,
    h("p", {}, h("button", { type: "button", onclick: () => save(content, path) }, "Save this file…")),
  ].filter((element) => element !== null);
}

/** The content as text, if it is UTF-8 without control characters that text does not have. */
export function asText(content: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
    return /[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/.test(text.slice(0, SHOWN_TEXT)) ? undefined : text;
  } catch {
    return undefined;
  }
}

function hex(content: Uint8Array): string {
  const lines = [];
  for (let at = 0; at < Math.min(content.length, SHOWN_BYTES); at += 16) {
    const row = [...content.subarray(at, Math.min(at + 16, SHOWN_BYTES))];
    const digits = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const letters = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join("");
    lines.push(`${at.toString(16).padStart(6, "0")}  ${digits.padEnd(47)}  ${letters}`);
  }
  return lines.join("\n");
}

/** Saved as plain bytes under its last name, so that no browser runs it. */
function save(content: Uint8Array, path: string): void {
  const name =
    path
      .split(/[/\\]/)
      .pop()
      ?.replace(/[^\w.-]+/g, "_") || "artifact";
  const blob = new Blob([Uint8Array.from(content)], { type: "application/octet-stream" });
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
