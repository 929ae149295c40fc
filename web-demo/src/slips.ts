// The verdicts of one gesture as slips of paper in a list; one of them is unrolled as a strip below.
import type { Item, Trouble } from "./desk.js";
import { count, h, legible, size, word, type Child } from "./element.js";
import { plain } from "./words.js";

/** Names that a message lists. */
const MOST_NAMES = 5;

/** What a file came to, in a word; also a class. */
export function stateOf({ judged, why }: Item): string {
  if (judged) return judged.verdict.conclusion;
  return why === undefined ? "checking" : "not checked";
}

/** The list, where there is more than one. */
export function slips(items: readonly Item[], selected: Item | undefined, select: (item: Item) => void): HTMLElement[] {
  if (items.length < 2) return [];
  return items.map((item) => {
    const state = stateOf(item);
    const { judged, why } = item;
    const said: Child = judged?.verdict.reason
      ? h("span", { class: "code", translate: "no" }, judged.verdict.reason)
      : h("span", { class: "said" }, judged ? plain(judged.verdict).headline : (why ?? ""));
    return h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: `slip ${classOf(state)}`, "aria-pressed": String(item === selected), onclick: () => select(item) },
        h("span", { class: `stamp small ${classOf(state)}`, translate: "no" }, state),
        h("span", { class: "name" }, word(item.name)),
        said,
      ),
    );
  });
}

/** In place of a strip while there is no verdict: never one that was made for something else. */
export function blank(name: string, { why, bytes }: { why?: string; bytes?: Uint8Array }, again: HTMLElement | null): HTMLElement {
  const state = why === undefined ? "checking" : "not checked";
  const className = classOf(state);
  return h(
    "div",
    { class: `strip ${className}` },
    h(
      "div",
      { class: "strip-head" },
      h("p", { class: `stamp ${className}`, translate: "no" }, state),
      h("p", { class: "headline" }, word(name), bytes ? `, ${size(bytes.length)}` : null),
    ),
    again,
  );
}

/** What to read when there is no verdict. */
export function unread({ name, why = "" }: Item): HTMLElement {
  return h("section", { class: "panel plain unread" }, h("h2", {}, "There is no verdict for ", word(name), "."), h("p", {}, legible(why)));
}

/** What could not be checked, with those of one reason together. */
export function troubles(all: readonly Trouble[]): HTMLElement[] {
  const reasons = new Map<string, string[]>();
  for (const { name, why } of all) reasons.set(why, [...(reasons.get(why) ?? []), name]);
  return [...reasons].map(([why, names]) => {
    const what = all.find((trouble) => trouble.why === why)?.what ?? "Not checked";
    const rest = names.length - MOST_NAMES;
    const shown = names.slice(0, MOST_NAMES).join(", ");
    return h("p", {}, h("strong", {}, `${what}. `), word(shown), rest > 0 ? ` and ${count(rest)} more` : null, ": ", legible(why));
  });
}

/** All of it in one line, for the title and for those who listen. */
export function summary(items: readonly Item[]): string {
  const [only] = items;
  if (items.length === 1 && only) return `${stateOf(only)}: ${legible(only.name)}`;
  const concluded = items.flatMap(({ judged }) => (judged ? [judged.verdict.conclusion] : []));
  const failed = concluded.filter((conclusion) => conclusion === "failed").length;
  const refused = concluded.filter((conclusion) => conclusion === "refused").length;
  const accepted = concluded.length - refused;
  const unchecked = items.filter(({ why }) => why !== undefined).length;
  const parts = [`${count(accepted)} accepted`];
  if (failed > 0) parts.push(`${count(failed)} of them with a failed run`);
  parts.push(`${count(refused)} refused`);
  if (unchecked > 0) parts.push(`${count(unchecked)} not checked`);
  return parts.join(", ");
}

function classOf(state: string): string {
  return { "not checked": "unchecked", checking: "waiting" }[state] ?? state;
}
