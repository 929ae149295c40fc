// When a run's processes lived, as bars on one scale, and when its files were first read and written, as marks.
import { count, h, SVG, word, type Child } from "./element.js";
import { lasted } from "./picture.js";
import type { Process, Run } from "./run.js";

const MOST_ROWS = 12;

/** `null` when no event tells how long the run took. */
export function spans({ processes, wentIn, cameOut, length, startUp }: Run): HTMLElement | null {
  if (length === undefined || length <= 0) return null;
  const timed = processes.filter(({ began, ended }) => began !== undefined && ended !== undefined);
  const rows: HTMLElement[] = [];
  if (startUp.events.size > 0 && startUp.until !== undefined) {
    rows.push(row(["start-up"], "folded", lasted(startUp.until), [bar(0, startUp.until, length)]));
  }
  rows.push(...timed.slice(0, MOST_ROWS).map((process) => processRow(process, length)));
  const known = (things: readonly { at: number | undefined }[]): number[] => things.map(({ at }) => at).filter((at) => at !== undefined);
  const [read, written] = [known(wentIn), known(cameOut)];
  if (read.length > 0) rows.push(row(["first reads"], "marks", `${count(read.length)}`, marks(read, length)));
  if (written.length > 0) rows.push(row(["writes"], "marks", `${count(written.length)}`, marks(written, length)));
  const rest = timed.length - MOST_ROWS;
  return h(
    "div",
    { class: "spans" },
    h("ul", {}, ...rows),
    h(
      "p",
      { class: "scale", "aria-hidden": "true" },
      h("span", {}, "0 s"),
      h("span", {}, `${(length / 2).toFixed(3)} s`),
      h("span", {}, `${length.toFixed(3)} s`),
    ),
    rest > 0 ? h("p", { class: "rest" }, `and ${count(rest)} more processes`) : null,
  );
}

function processRow({ path, id, began = 0, ended = 0, depth, count: number, exit }: Process, length: number): HTMLElement {
  const name = path === undefined ? `process ${id}` : (path.split("/").pop() ?? path);
  const label: Child[] = [word(name), number > 1 ? ` × ${count(number)}` : null];
  const failed = exit !== undefined && exit !== 0;
  return row(label, `span depth-${Math.min(depth, 4)}${failed ? " failed" : ""}`, lasted(ended - began), [bar(began, ended, length)]);
}

function row(label: Child[], className: string, text: string, shapes: SVGElement[]): HTMLElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 1000 10");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.append(...shapes);
  return h("li", { class: className }, h("span", { class: "name" }, ...label), svg, h("span", { class: "long" }, text));
}

function bar(began: number, ended: number, length: number): SVGElement {
  const [from, to] = [place(began, length), place(ended, length)];
  return rectangle(Math.min(from, 996), Math.max(4, to - from));
}

/** As many marks as can be told apart. */
function marks(times: readonly number[], length: number): SVGElement[] {
  const places = new Set(times.map((at) => Math.min(996, Math.round(place(at, length) / 2) * 2)));
  return [...places].map((at) => rectangle(at, 3));
}

function place(at: number, length: number): number {
  return Math.min(1000, Math.max(0, (at / length) * 1000));
}

function rectangle(x: number, width: number): SVGElement {
  const shape = document.createElementNS(SVG, "rect");
  for (const [name, value] of Object.entries({ x, width, y: 0, height: 10 })) shape.setAttribute(name, String(value));
  return shape;
}
