// The experiment: change one byte of the receipt, anywhere, and see it refused.
import { isAccepted, reasons, type Verdict, type Verifier } from "capseal-verify";

import type { Receipt } from "./desk.js";
import { code, count, h, onAsked } from "./element.js";
import { cells } from "./strip.js";
import { CHECK } from "./words.js";

const SERIES = 100;

interface Trial {
  place: number;
  before: number;
  after: number;
  copy: Uint8Array;
  verdict: Verdict;
}

/** The panel for one receipt; `open` shows a changed copy as if it had been dropped. */
export function tamperPanel(verifier: Verifier, receipt: Receipt, open: (receipt: Receipt) => void): HTMLElement {
  const score = new Score();
  const result = h("div", { class: "trial", "aria-live": "polite" });
  const place = h("input", {
    id: "place",
    type: "number",
    min: 0,
    max: receipt.bytes.length - 1,
    value: receipt.bytes.length >> 1,
    inputmode: "numeric",
  });
  const buttons: HTMLButtonElement[] = [];

  const run = async (places: () => number, times: number): Promise<void> => {
    for (const button of buttons) button.disabled = true;
    try {
      for (let i = 0; i < times; i += 1) {
        const trial = await flip(verifier, receipt.bytes, places());
        if (!result.isConnected) return;
        score.add(trial);
        result.replaceChildren(...report(trial, receipt, open));
      }
    } finally {
      for (const button of buttons) button.disabled = false;
    }
  };

  const chosen = (): number => Math.min(Math.max(Math.trunc(place.valueAsNumber) || 0, 0), receipt.bytes.length - 1);
  const anywhere = (): number => Math.floor(Math.random() * receipt.bytes.length);
  const button = (label: string, onclick?: () => void): HTMLButtonElement => {
    const element = h("button", { type: "button", onclick }, label);
    buttons.push(element);
    return element;
  };

  const form = h(
    "form",
    { class: "place", novalidate: true },
    h("label", { for: "place" }, `at place 0 to ${count(receipt.bytes.length - 1)}`),
    h("div", { class: "pair" }, place, button("Flip this byte")),
  );
  onAsked(form, () => void run(chosen, 1));

  return h(
    "section",
    { class: "panel tamper", id: "tamper" },
    h("h2", {}, "Change a byte"),
    h("p", {}, "Change one bit of a copy of this receipt and have the copy checked. It makes no difference where."),
    h(
      "p",
      {},
      "A forger does not do this. Anyone can make another one from scratch in which everything holds: only a signature that you trust, or the " +
        "capsule hash that you were given, tells it from this one.",
    ),
    h(
      "div",
      { class: "row-of-buttons" },
      button("Flip a random byte", () => void run(anywhere, 1)),
      button(`Flip ${SERIES}, one after another`, () => void run(anywhere, SERIES)),
    ),
    form,
    result,
    score.element,
  );
}

class Score {
  readonly element = h("p", { class: "score" });
  #tried = 0;
  #refused = 0;

  add({ verdict }: Trial): void {
    this.#tried += 1;
    if (!isAccepted(verdict)) this.#refused += 1;
    this.element.textContent = `${count(this.#tried)} changed ${this.#tried === 1 ? "copy" : "copies"} tried, ${count(this.#refused)} refused.`;
  }
}

async function flip(verifier: Verifier, bytes: Uint8Array, place: number): Promise<Trial> {
  const copy = Uint8Array.from(bytes);
  const before = copy[place] ?? 0;
  const after = before ^ (1 << Math.floor(Math.random() * 8));
  copy[place] = after;
  return { place, before, after, copy, verdict: await verifier.verify(copy) };
}

function report({ place, before, after, copy, verdict }: Trial, receipt: Receipt, open: (r: Receipt) => void): HTMLElement[] {
  const hex = (byte: number): string => byte.toString(16).padStart(2, "0");
  const failed = verdict.checks.find((check) => check.outcome === "failed");
  const meaning = reasons.find((reason) => reason.name === verdict.reason)?.meaning ?? "";
  const name = `${receipt.name}, byte ${count(place)} changed`;
  return [
    h(
      "p",
      { class: "change" },
      `Byte ${count(place)}: `,
      h("code", { translate: "no" }, hex(before)),
      " became ",
      h("code", { translate: "no" }, hex(after)),
      ". ",
      failed ? `Refused by the check “${CHECK[failed.id].name}”.` : "Accepted.",
    ),
    cells(verdict.checks),
    verdict.reason ? code(verdict.reason) : null,
    h("p", { class: "meaning" }, meaning),
    h("p", {}, h("button", { type: "button", onclick: () => open({ name, bytes: copy }) }, "Show the changed copy’s verdict")),
  ].filter((element) => element !== null);
}
