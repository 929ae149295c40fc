// The receipts at hand: those of the latest gesture, each with its verdict. Whatever ends late, of an older gesture, is
// thrown away; nothing of an older gesture is shown once a newer one has begun.
import { VerifierError, type Inspected, type Level, type Verdict, type Verifier, type VerifyOptions } from "capseal-verify";

import { size } from "./element.js";
import { IntakeError, type Collected, type Gesture, type Handed } from "./handed.js";
import { trustText } from "./kind.js";
import { LARGEST_TRUST_FILE, trustInUse, trusting, useTrustFile, type TrustFile } from "./trust.js";

export interface Receipt {
  name: string;
  bytes: Uint8Array;
}

export interface Judged {
  verdict: Verdict;
  inspected: Inspected;
  options: VerifyOptions;
  /** Milliseconds that the verification took; unknown where an audit was part of it. */
  elapsed: number | undefined;
  /** When it was made. */
  at: Date;
  /** The name of the trust file that it was judged by. */
  trust: string | undefined;
}

/** One file of the latest gesture: waiting, judged, or not to be judged for a reason. */
export interface Item {
  readonly name: string;
  bytes?: Uint8Array;
  demanded: VerifyOptions;
  judged?: Judged;
  /** Why there is no verdict. */
  why?: string;
}

/** What could not be done with a file: `Not checked` where nothing else is said. */
export interface Trouble {
  name: string;
  why: string;
  what?: string;
}

/** All bytes that are held at once. */
const MOST_BYTES = 512 * 1024 * 1024;

const LEVELS: readonly Level[] = ["proof-only", "policy-enforced", "full"];

export class Desk {
  /** In the order of their names: the order of a drop is the desktop's. */
  items: Item[] = [];
  selected: Item | undefined;
  /** What could not be used, by name, beside the items themselves. */
  troubles: Trouble[] = [];
  /** What a gesture left out. */
  left: string[] = [];
  /** What is being checked; undefined when nothing is. */
  checking: string | undefined;

  readonly #verifier: Verifier;
  readonly #changed: () => void;
  #latest = new AbortController();

  /** `changed` is called whenever what is to be shown became something else. */
  constructor(verifier: Verifier, changed: () => void) {
    this.#verifier = verifier;
    this.#changed = changed;
  }

  /** Takes what a gesture hands over: trust files first, then every receipt. */
  async take(gesture: Gesture): Promise<void> {
    const former = this.items;
    const { signal } = this.#begin(gesture.title, []);
    const { handed, left } = await gesture.collect(signal).catch((error: unknown) => broken(gesture, error));
    const read = await readAll(handed, signal);
    if (signal.aborted) return;

    const files = read.map((item) => ({ item, text: item.bytes && trustText(item.name, item.bytes) }));
    const trust = files.flatMap(({ item, text }) => (text === undefined ? [] : [{ name: item.name, text }]));
    const receipts = files.flatMap(({ item, text }) => (text === undefined ? [item] : []));
    this.left = left;
    this.items = (receipts.length > 0 || trust.length === 0 ? receipts : former).sort(byName);
    this.items.forEach(forget);
    const unusable = await this.#trust(trust.sort(byName), signal);
    if (signal.aborted) return;
    if (unusable === undefined) await this.#judge(this.items, signal);
    else this.#judgeNothing(unusable);
  }

  /** Judges everything again, by the trust file that is now in use. */
  async again(): Promise<void> {
    this.items.forEach(forget);
    const { signal } = this.#begin(titleOf(this.items), this.items);
    await this.#judge(this.items, signal);
  }

  /** Judges one receipt by other demands. */
  async demand(item: Item, demanded: VerifyOptions): Promise<void> {
    item.demanded = demanded;
    delete item.judged;
    const { signal } = this.#begin(item.name, this.items);
    await this.#judge([item], signal);
  }

  select(item: Item): void {
    this.selected = item;
    this.#changed();
  }

  /** Puts what an audit led to in the place of the verdict that it began with; answers nothing when that is no longer the one at hand. */
  replace(item: Item, was: Judged, verdict: Verdict): Judged | undefined {
    if (item.judged !== was || !this.items.includes(item)) return undefined;
    item.judged = { ...was, verdict, at: new Date(), elapsed: undefined };
    return item.judged;
  }

  /** From here on nothing older counts, and nothing older is shown. */
  #begin(title: string, items: Item[]): AbortController {
    this.#latest.abort();
    this.#latest = new AbortController();
    this.items = items;
    if (!this.selected || !items.includes(this.selected)) this.selected = undefined;
    this.troubles = [];
    this.left = [];
    this.checking = title;
    this.#changed();
    return this.#latest;
  }

  /** Takes the one trust file of a gesture. Answers why nothing can be judged by it. */
  async #trust(files: TrustFile[], signal: AbortSignal): Promise<string | undefined> {
    const [file] = files;
    if (!file) return undefined;
    if (files.some(({ text }) => text !== file.text)) {
      const names = files.map(({ name }) => name).join(", ");
      this.troubles.push({ name: names, why: "Only one trust file can be in use. Drop the one that you mean." });
      return `${names} came in together, and only one trust file can be in use.`;
    }
    try {
      if (file.text.length > LARGEST_TRUST_FILE) throw new IntakeError("It is too large for a trust file.");
      await this.#verifier.verify(new Uint8Array(), { trust: file.text });
      if (!signal.aborted) useTrustFile(file);
      return undefined;
    } catch (error) {
      this.troubles.push({ name: file.name, why: explain(error) });
      return `${file.name} was to say whom you trust, and cannot be used.`;
    }
  }

  #judgeNothing(why: string): void {
    for (const item of this.items) item.why ??= why;
    this.#end();
  }

  async #judge(items: Item[], signal: AbortSignal): Promise<void> {
    // The first call starts the worker; that is no part of the time shown.
    await this.#verifier.inspect(new Uint8Array()).catch(() => undefined);
    for (const item of items) {
      if (!item.bytes) continue;
      const options = { ...trusting(), ...item.demanded };
      const outcome = await this.#verdict(item.bytes, options).catch((error: unknown) => ({ why: whyNot(error) }));
      if (signal.aborted) return;
      Object.assign(item, outcome);
    }
    if (!signal.aborted) this.#end();
  }

  async #verdict(bytes: Uint8Array, options: VerifyOptions): Promise<{ judged: Judged }> {
    const trust = options.trust === undefined ? undefined : trustInUse()?.name;
    const begun = performance.now();
    const verdict = await this.#verifier.verify(bytes, options);
    const elapsed = performance.now() - begun;
    const inspected = await this.#verifier.inspect(bytes);
    return { judged: { verdict, inspected, options, elapsed, at: new Date(), trust } };
  }

  /** Shown first is what needs attention. */
  #end(): void {
    this.checking = undefined;
    this.selected ??=
      this.items.find(({ why }) => why !== undefined) ??
      this.items.find(({ judged }) => judged?.verdict.conclusion === "refused") ??
      this.items.find(({ judged }) => judged?.verdict.conclusion === "failed") ??
      this.items[0];
    this.#changed();
  }
}

/** The name of one receipt, or how many there are. */
function titleOf(items: readonly Item[]): string {
  return items.length === 1 && items[0] ? items[0].name : `${items.length} receipts`;
}

/** What is to be judged anew has no verdict until then. With a trust file no less is asked for than that file decides. */
function forget(item: Item): void {
  delete item.judged;
  if (item.bytes) delete item.why;
  const { level } = trusting();
  const lower = (asked: Level): boolean => LEVELS.indexOf(asked) < LEVELS.indexOf(level ?? "proof-only");
  if (item.demanded.level !== undefined && lower(item.demanded.level)) delete item.demanded.level;
}

function broken({ title }: Gesture, error: unknown): Collected {
  return { handed: [{ name: title, read: () => Promise.reject(error) }], left: [] };
}

async function readAll(handed: readonly Handed[], signal: AbortSignal): Promise<Item[]> {
  const items: Item[] = [];
  let held = 0;
  for (const { name, read } of handed) {
    if (signal.aborted) break;
    const item: Item = { name, demanded: {} };
    items.push(item);
    try {
      const bytes = await read(signal);
      held += bytes.length;
      if (held > MOST_BYTES) throw new IntakeError(`Together, these files have more than ${size(MOST_BYTES)}. Drop this one by itself.`);
      item.bytes = bytes;
    } catch (error) {
      item.why = explain(error);
    }
  }
  return items;
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name.localeCompare(b.name, "en", { numeric: true });
}

/** Why a receipt has no verdict: with wrong arguments, it is the trust file that the browser has kept. */
function whyNot(error: unknown): string {
  const trust = trustInUse();
  const isTrust = trust !== undefined && error instanceof VerifierError && error.code === "USAGE";
  return isTrust ? `It was to be judged by ${trust.name}: ${explain(error)}` : explain(error);
}

/** What went wrong, in words that follow a file's name. */
export function explain(error: unknown): string {
  if (error instanceof IntakeError) return error.message;
  if (error instanceof VerifierError && error.code === "TRAPPED") {
    return "The verifier stopped while reading it. Treat it as not verified.";
  }
  if (error instanceof VerifierError && error.code === "LOAD_FAILED") {
    return (
      "The verifier could not be loaded. If this page was opened a while ago, it may have been renewed since: reload it. " +
      "Otherwise this browser may be too old, or block WebAssembly."
    );
  }
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^the options cannot be read: trust: /, "");
}
