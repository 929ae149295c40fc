// The ways in: dropped, chosen, pasted, fetched, or taken from the samples. Each gesture is handed on as a whole.
import { addressIn, firstLink, gestureOfAddress } from "./address.js";
import { byId, h, onAsked } from "./element.js";
import { inlined, isOneFile } from "./engine.js";
import { gestureOf, gestureOfItems, handedFile, IntakeError, type Gesture } from "./handed.js";
import { isTrustText } from "./kind.js";

interface Sample {
  file: string;
  title: string;
  note: string;
}

/** Calls `take` for each gesture that hands something over. */
export function listen(take: (gesture: Gesture) => void): void {
  const input = byId<HTMLInputElement>("file");
  byId("choose").addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    input.value = "";
    if (files.length > 0) take(gestureOf(files.map((file) => handedFile(file))));
  });

  listenForDrops(take);
  document.addEventListener("paste", (event) => {
    if (isField(event.target) || !event.clipboardData) return;
    const gesture = gestureOfData(event.clipboardData);
    if (!gesture) return;
    event.preventDefault();
    take(gesture);
  });

  const form = byId<HTMLFormElement>("address-form");
  form.hidden = isOneFile();
  onAsked(form, () => take(gestureOfAddress(byId<HTMLInputElement>("address").value)));

  void listSamples(take);
}

/** The whole page takes a drop, so that what misses is not opened by the browser instead of this page. */
function listenForDrops(take: (gesture: Gesture) => void): void {
  const isForUs = ({ dataTransfer, target }: DragEvent): boolean =>
    dataTransfer !== null && (dataTransfer.types.includes("Files") || !isField(target));
  document.addEventListener("dragover", (event) => {
    if (!isForUs(event)) return;
    event.preventDefault();
    document.body.classList.add("receiving");
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) document.body.classList.remove("receiving");
  });
  document.addEventListener("dragend", () => document.body.classList.remove("receiving"));
  document.addEventListener("drop", (event) => {
    document.body.classList.remove("receiving");
    if (!isForUs(event) || !event.dataTransfer) return;
    event.preventDefault();
    const gesture = gestureOfData(event.dataTransfer);
    if (gesture) take(gesture);
  });
}

/** Files and folders; otherwise a link, or a trust file that was copied as text. `undefined` when there is nothing of it. */
function gestureOfData(data: DataTransfer): Gesture | undefined {
  if (data.types.includes("Files")) return gestureOfItems(data.items, data.files) ?? emptyHanded();
  const text = data.getData("text/plain");
  const address = firstLink(data.getData("text/uri-list")) ?? addressIn(text);
  if (address !== undefined) return gestureOfAddress(address);
  return isTrustText(text) ? gestureOf([handedFile(new File([text], "pasted text"))]) : undefined;
}

function emptyHanded(): Gesture {
  const read = (): Promise<never> => Promise.reject(new IntakeError("No file came with it. Save the file first, and drop it then."));
  return gestureOf([{ name: "What was dropped", read }]);
}

/** Where text belongs that is dropped or pasted. */
function isField(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input:not([type=file]), textarea, select") !== null;
}

async function listSamples(take: (gesture: Gesture) => void): Promise<void> {
  const list = inlined("inlined-samples") ?? (await fetchSample("samples/samples.json").catch(() => undefined));
  if (!list) return;
  const samples = JSON.parse(new TextDecoder().decode(list)) as Sample[];
  const items = samples.map((sample) =>
    h(
      "li",
      {},
      h("button", { type: "button", class: "sample", onclick: () => take(gestureOfSample(sample)) }, sample.title),
      h("span", {}, sample.note),
    ),
  );
  byId("sample-list").replaceChildren(...items);
  byId("samples").hidden = items.length === 0;
}

function gestureOfSample({ file }: Sample): Gesture {
  return gestureOf([{ name: file, read: async () => inlined(`inlined-${file}`) ?? fetchSample(`samples/${file}`) }]);
}

async function fetchSample(path: string): Promise<Uint8Array> {
  const response = await fetch(path).catch(() => undefined);
  if (!response?.ok) throw new IntakeError(`The sample ${path} could not be loaded.`);
  return new Uint8Array(await response.arrayBuffer());
}
