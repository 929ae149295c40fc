// How receipts and trust files come in: dropped, chosen, pasted; receipts also fetched, or taken from the samples.
import { byId, h, size } from "./element.js";
import { inlined } from "./engine.js";
import { LARGEST_TRUST_FILE, type TrustFile } from "./trust.js";

export interface Receipt {
  name: string;
  bytes: Uint8Array;
}

interface Sample {
  file: string;
  title: string;
  note: string;
}

/** Somewhat above what the verifier reads by default (48 MiB), so that the verdict and not the page refuses. */
const LARGEST = 64 * 1024 * 1024;
const PATIENCE_MS = 60_000;

/** Something went wrong before there were bytes to check; the message is for people. */
export class IntakeError extends Error {}

export interface Takers {
  /** A receipt came in. */
  open(receipt: Receipt): void;
  /** A trust file came in. */
  trust(file: TrustFile): void;
  /** What went wrong on the way. */
  fail(error: unknown): void;
}

/** Calls the takers for whatever comes in. */
export function listen({ open, trust, fail }: Takers): void {
  const take = (receipt: Promise<Receipt>): void => void receipt.then(open, fail);
  const takeFile = (files: FileList | null | undefined): void => {
    for (const file of files ?? []) {
      if (file.name.endsWith(".toml")) void readTrustFile(file).then(trust, fail);
      else return take(readFile(file));
    }
  };

  const input = byId<HTMLInputElement>("file");
  byId("choose").addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    takeFile(input.files);
    input.value = "";
  });

  // The whole page takes a drop, so that a receipt that misses is not opened by the browser instead.
  const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    document.body.classList.add("receiving");
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) document.body.classList.remove("receiving");
  });
  document.addEventListener("drop", (event) => {
    document.body.classList.remove("receiving");
    if (!carriesFiles(event)) return;
    event.preventDefault();
    takeFile(event.dataTransfer?.files);
  });
  document.addEventListener("paste", (event) => takeFile(event.clipboardData?.files));

  const form = byId<HTMLFormElement>("address-form");
  if (document.getElementById("inlined-wasm")) form.hidden = true;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    take(fetchReceipt(byId<HTMLInputElement>("address").value));
  });

  void listSamples(take);
}

async function readTrustFile(file: File): Promise<TrustFile> {
  if (file.size > LARGEST_TRUST_FILE) throw new IntakeError(`${file.name} is too large for a trust file.`);
  return { name: file.name, text: await file.text() };
}

async function readFile(file: File): Promise<Receipt> {
  if (file.size > LARGEST) throw tooLarge(file.name, file.size);
  try {
    return { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
  } catch {
    throw new IntakeError(`${file.name} cannot be read. If it is a folder, drop the .cap file inside it.`);
  }
}

/** Fetches a receipt without credentials, up to the size limit. */
async function fetchReceipt(text: string): Promise<Receipt> {
  const address = parseAddress(text);
  const response = await fetch(address, {
    credentials: "omit",
    referrerPolicy: "no-referrer",
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === "TimeoutError") {
      throw new IntakeError(`${address.host} did not answer within a minute.`);
    }
    throw new IntakeError(
      `${address.host} could not be reached, or does not let other pages read from it (CORS). ` +
        "Download the file yourself and drop it here.",
    );
  });
  if (!response.ok) throw new IntakeError(`${address.host} answered ${response.status} for this address.`);
  const name = decodeName(address.pathname.split("/").pop() ?? "") || address.host;
  return { name, bytes: await readBody(response, name) };
}

function parseAddress(text: string): URL {
  let address: URL;
  try {
    address = new URL(text.trim(), document.baseURI);
  } catch {
    throw new IntakeError("This is not an address. It looks like https://example.org/run.cap.");
  }
  if (text.trim() === "") throw new IntakeError("Enter the address of a receipt first.");
  if (address.protocol !== "https:" && address.origin !== location.origin) {
    throw new IntakeError("Only https addresses can be fetched.");
  }
  return address;
}

function decodeName(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function readBody(response: Response, name: string): Promise<Uint8Array> {
  const claimed = Number(response.headers.get("content-length"));
  if (claimed > LARGEST) throw tooLarge(name, claimed);
  const reader = response.body?.getReader();
  if (!reader) return new Uint8Array();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      length += next.value.length;
      if (length > LARGEST) throw tooLarge(name, length);
      chunks.push(next.value);
    }
  } catch (error) {
    await reader.cancel().catch(() => undefined);
    throw error instanceof IntakeError ? error : new IntakeError(`${name} broke off after ${size(length)}.`);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

function tooLarge(name: string, bytes: number): IntakeError {
  return new IntakeError(`${name} has ${size(bytes)} or more. This page reads receipts up to ${size(LARGEST)}.`);
}

async function listSamples(take: (receipt: Promise<Receipt>) => void): Promise<void> {
  const list = inlined("inlined-samples") ?? (await fetchSample("samples/samples.json").catch(() => undefined));
  if (!list) return;
  const samples = JSON.parse(new TextDecoder().decode(list)) as Sample[];
  const items = samples.map((sample) =>
    h(
      "li",
      {},
      h("button", { type: "button", class: "sample", onclick: () => take(openSample(sample)) }, sample.title),
      h("span", {}, sample.note),
    ),
  );
  byId("sample-list").replaceChildren(...items);
  byId("samples").hidden = items.length === 0;
}

async function openSample({ file }: Sample): Promise<Receipt> {
  return { name: file, bytes: inlined(`inlined-${file}`) ?? (await fetchSample(`samples/${file}`)) };
}

async function fetchSample(path: string): Promise<Uint8Array> {
  const response = await fetch(path).catch(() => undefined);
  if (!response?.ok) throw new IntakeError(`The sample ${path} could not be loaded.`);
  return new Uint8Array(await response.arrayBuffer());
}
