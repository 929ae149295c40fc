// The run as a picture: three columns of boxes that can be chosen, and lines between them. The boxes are lists of buttons, so
// that everybody can read and choose them; the lines are drawn behind, for those who see.
import type { FileEntry, Inspection } from "capseal-verify";

import { count, facts, h, hash, legible, size, SVG, word, type Child } from "./element.js";
import type { Process, Role, Run, Thing } from "./run.js";
import { BACKEND } from "./words.js";

/** Boxes of one role, and processes, that are drawn at most; the tables below have all. */
const MOST_BOXES = 6;
const MOST_PROCESSES = 12;

const ROLES: Record<Role, string> = {
  code: "Code",
  input: "Inputs",
  config: "Configuration",
  output: "Files",
  stream: "Streams",
};

export interface Looking {
  /** Whether a content travels in the receipt. */
  carried(digest: string): boolean;
  view(file: FileEntry): void;
  prove(seq: number): void;
}

export function picture(inspection: Inspection, run: Run, looking: Looking): HTMLElement {
  const card = h("div", { class: "chosen", "aria-live": "polite" });
  const lines = document.createElementNS(SVG, "svg");
  lines.setAttribute("class", "lines-between");
  lines.setAttribute("aria-hidden", "true");
  const choose = (box: HTMLElement, facts: () => Child[]): void => {
    const again = box.getAttribute("aria-pressed") === "true";
    for (const other of graph.querySelectorAll("[aria-pressed]")) other.setAttribute("aria-pressed", "false");
    box.setAttribute("aria-pressed", String(!again));
    card.replaceChildren(...(again ? [] : [h("div", { class: "card" }, ...facts())]));
    // Where the columns stand below each other, the card would be far away.
    if (isStacked(graph)) box.after(card);
    else graph.after(card);
    mark(graph);
  };
  const thing = (item: Thing): HTMLElement =>
    box(`box of-${item.role}`, nameParts(item.name), size(item.file.size), (self) => choose(self, () => thingFacts(item, looking)));
  const process = (item: Process): HTMLElement => {
    const self = box(`box process${item.exit ? " failed" : ""}`, processName(item), processNote(item), (button) =>
      choose(button, () => processFacts(item, looking)),
    );
    self.classList.add(`depth-${Math.min(item.depth, 4)}`);
    return self;
  };

  const ran = run.processes.slice(0, MOST_PROCESSES).map(process);
  const graph = h(
    "div",
    { class: `graph ${inspection.capture === "declared" ? "declared" : ""}` },
    column("What went in", "in", ...roles(run.wentIn, thing), nothing(run.wentIn)),
    column(
      "What ran",
      "ran",
      inspection.backend === "process_v1" ? null : h("p", { class: "machine-name" }, BACKEND[inspection.backend] ?? word(inspection.backend)),
      h("ul", {}, ...ran.map((element) => h("li", {}, element))),
      more(run.processes.length - ran.length, "processes"),
      folded(inspection, run),
    ),
    column("What came out", "out", ...roles(run.cameOut, thing), nothing(run.cameOut)),
  );
  graph.append(lines);
  new ResizeObserver(() => draw(graph, lines)).observe(graph);
  return h("div", { class: "picture" }, graph, card);
}

function column(title: string, name: string, ...children: Child[]): HTMLElement {
  return h("section", { class: `column ${name}` }, h("h3", {}, title), h("div", { class: "boxes" }, ...children));
}

/** The boxes of each role, under its name. */
function roles(things: readonly Thing[], draw: (thing: Thing) => HTMLElement): HTMLElement[] {
  const names = [...new Set(things.map(({ role }) => role))];
  return names.map((role) => {
    const all = things.filter((thing) => thing.role === role);
    const boxes = all.slice(0, MOST_BOXES).map((thing) => h("li", {}, draw(thing)));
    return h("div", { class: "role" }, h("h4", {}, ROLES[role]), h("ul", {}, ...boxes), more(all.length - boxes.length, "files"));
  });
}

function nothing(things: readonly Thing[]): HTMLElement | null {
  return things.length > 0 ? null : h("p", { class: "none" }, "Nothing is recorded.");
}

function more(rest: number, what: string): HTMLElement | null {
  return rest > 0 ? h("p", { class: "rest" }, `and ${count(rest)} more ${what}, listed below`) : null;
}

/** What only led up to the run, and what of the machine it used: there, and folded away. */
function folded({ manifests }: Inspection, { startUp: { processes } }: Run): HTMLElement | null {
  const parts = [];
  if (processes > 0) parts.push(`after ${count(processes)} ${processes === 1 ? "process" : "processes"} of start-up`);
  if (manifests?.some(({ name }) => name === "runtime"))
    parts.push("with the machine’s own programs and libraries, which the manifest “runtime” lists");
  return parts.length === 0 ? null : h("p", { class: "rest" }, parts.join("; "));
}

function box(className: string, name: Child[], note: Child, chosen: (self: HTMLElement) => void): HTMLElement {
  const self: HTMLElement = h(
    "button",
    { type: "button", class: className, "aria-pressed": "false", onclick: () => chosen(self) },
    h("span", { class: "name" }, ...name),
    note === null ? null : h("span", { class: "note" }, note),
  );
  return self;
}

/** The last part of a path tells most. */
function nameParts(path: string): Child[] {
  const at = path.lastIndexOf("/", path.length - 2) + 1;
  return [at > 0 ? h("span", { class: "folder" }, word(path.slice(0, at))) : null, word(path.slice(at))];
}

function processName({ path, id, count: number }: Process): Child[] {
  const name = path === undefined ? [`process ${id}`] : nameParts(path);
  return number > 1 ? [...name, ` × ${count(number)}`] : name;
}

function processNote({ exit, count: number }: Process): Child {
  if (exit === undefined) return null;
  if (number === 1) return endOf(exit);
  return exit === 0 ? `all with ${endOf(exit)}` : `at least one with ${endOf(exit)}`;
}

/** Exit code, or minus the signal. */
function endOf(exit: number): string {
  return exit < 0 ? `signal ${-exit}` : `exit code ${exit}`;
}

function thingFacts({ name, file, seq, at, role }: Thing, looking: Looking): Child[] {
  const { digest } = file;
  const verb = role === "output" ? "first written" : role === "stream" ? "ended" : "first read";
  return [
    h("h3", {}, word(name)),
    facts([
      ["size", `${count(file.size)} bytes`],
      ["SHA-256", hash(digest)],
      [verb, at === undefined ? "no event tells" : seconds(at)],
    ]),
    buttons(
      looking.carried(digest)
        ? h("button", { type: "button", "aria-label": `View ${legible(name)}`, onclick: () => looking.view(file) }, "View")
        : "Only its fingerprint travels in this receipt.",
      provable(seq, looking),
    ),
  ];
}

function processFacts(process: Process, looking: Looking): Child[] {
  const { path, digest, byWayOf, began, ended, exit, seq, count: number } = process;
  const rows: [string, Child][] = [];
  if (number > 1) rows.push(["processes", `${count(number)}, each of which executed this`]);
  if (digest !== undefined) rows.push(["SHA-256", hash(digest)]);
  if (byWayOf.length > 0) rows.push(["by way of", word(byWayOf.join(", "))]);
  if (began !== undefined) rows.push(["began", seconds(began)]);
  if (began !== undefined && ended !== undefined) rows.push(["took", lasted(ended - began)]);
  if (exit !== undefined) rows.push(["ended with", endOf(exit)]);
  return [h("h3", {}, path === undefined ? `Process ${process.id}` : word(path)), facts(rows), buttons(provable(seq, looking))];
}

function provable(seq: number | undefined, { prove }: Looking): Child {
  return seq === undefined ? null : h("button", { type: "button", onclick: () => prove(seq) }, "Show its event");
}

function buttons(...children: Child[]): HTMLElement {
  return h("div", { class: "row-of-buttons" }, ...children);
}

/** After the start. */
function seconds(after: number): string {
  return `+${after.toFixed(3)} s`;
}

export function lasted(length: number): string {
  return length < 1 ? `${count(Math.round(Math.max(0, length) * 1000))} ms` : `${length.toFixed(2)} s`;
}

/** Lines from everything that went in to the main process, and from it to everything that came out. No event says which process read what. */
function draw(graph: HTMLElement, lines: SVGElement): void {
  const frame = graph.getBoundingClientRect();
  const hub = graph.querySelector(".column.ran .box")?.getBoundingClientRect();
  lines.setAttribute("viewBox", `0 0 ${frame.width} ${frame.height}`);
  if (!hub || isStacked(graph)) {
    lines.replaceChildren();
    return;
  }
  const paths: SVGElement[] = [];
  const middle = ({ top, height }: DOMRect): number => top + height / 2 - frame.top;
  for (const box of graph.querySelectorAll<HTMLElement>(".in .box, .out .box")) {
    const rect = box.getBoundingClientRect();
    const goesIn = rect.right < hub.left;
    const [from, to] = goesIn ? [rect, hub] : [hub, rect];
    const [x1, y1, x2, y2] = [from.right - frame.left, middle(from), to.left - frame.left, middle(to)];
    const bend = (x2 - x1) / 2;
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2 - 1} ${y2}m-5-4l5 4l-5 4`);
    paths.push(path);
  }
  lines.replaceChildren(...paths);
  mark(graph);
}

/** Whether the columns stand below each other, as style.css has it for narrow screens; they need no lines then. */
function isStacked(graph: HTMLElement): boolean {
  const [first, second] = graph.querySelectorAll(".column");
  return first?.getBoundingClientRect().left === second?.getBoundingClientRect().left;
}

/** The line of the chosen file is drawn stronger. */
function mark(graph: HTMLElement): void {
  const boxes = [...graph.querySelectorAll(".in .box, .out .box")];
  graph.querySelectorAll(".lines-between path").forEach((path, place) => {
    path.classList.toggle("strong", boxes[place]?.getAttribute("aria-pressed") === "true");
  });
}
