// Builds elements. What a receipt says is hostile: it only ever becomes text nodes, never markup.

type Attribute = string | number | boolean | undefined | ((event: Event) => void);
export type Child = Node | string | null | false;

/** An element with attributes (`on…` for listeners) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, Attribute> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== false));
  return element;
}

/** Acts on a form's button and on Enter in its fields; a sandboxed frame submits no form, so that nothing here is submitted. */
export function onAsked(form: HTMLFormElement, act: () => void): void {
  form.addEventListener("submit", (event) => event.preventDefault());
  form.querySelector("button")?.addEventListener("click", act);
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement)) return;
    event.preventDefault();
    act();
  });
}

/** The element with this id, which index.html has. */
export function byId<T extends Element = HTMLElement>(id: string): T {
  const element: Element | null = document.getElementById(id);
  if (!element) throw new Error(`index.html has no #${id}`);
  return element as T;
}

/** The namespace of drawings. */
export const SVG = "http://www.w3.org/2000/svg";

const LONGEST_WORD = 400;

/** A receipt's word as it may stand in a line: no control or direction characters, not endless, and never translated. */
export function word(text: string): HTMLElement {
  return h("bdi", { translate: "no" }, legible(text));
}

/** A sentence of the verifier's, which may have words of the receipt in it; a browser may translate it. */
export function sentence(text: string): HTMLElement {
  return h("bdi", {}, legible(text));
}

/** Terms and what is said of them. */
export function facts(rows: readonly [Child, Child][]): HTMLElement {
  return h("dl", { class: "facts" }, ...rows.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))));
}

/** All digits of a hash. */
export function hash(digits: string): HTMLElement {
  return h("code", { class: "whole", translate: "no" }, ...grouped(digits));
}

/** The digits of a hash in groups of eight, so that people can compare them. */
export function grouped(digits: string): Child[] {
  return (digits.match(/.{1,8}/g) ?? []).flatMap((group) => [h("span", {}, group), document.createElement("wbr")]);
}

/** A code in a line of its own. */
export function code(text: string): HTMLElement {
  return h("p", { class: "code", translate: "no" }, text);
}

/** The text of a word, for places that hold no elements: a title, a label. */
export function legible(text: string): string {
  const short = text.length > LONGEST_WORD ? `${text.slice(0, LONGEST_WORD)}…` : text;
  return visible(short, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu);
}

/** A receipt's text as it may stand in a block: line feeds and tabs stay. */
export function block(text: string): string {
  return visible(text, /[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|(?![\n\t])\p{Cc}/gu);
}

function visible(text: string, hidden: RegExp): string {
  return text.replace(hidden, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    return `[U+${code.toString(16).toUpperCase().padStart(4, "0")}]`;
  });
}

/** To the second, in UTC: whoever reads a print of it may be anywhere. */
export function moment(at: Date): string {
  return at
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, " UTC");
}

const numbers = new Intl.NumberFormat("en");

/** A count, with separators. */
export function count(value: number): string {
  return numbers.format(value);
}

/** A number of things: `1 file`, `2 files`. */
export function counted(value: number, noun: string): string {
  return value === 1 ? `1 ${noun}` : `${count(value)} ${noun}s`;
}

/** A size in bytes, for people. */
export function size(bytes: number): string {
  if (bytes < 1024) return `${count(bytes)} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = "";
  for (const next of units) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  return `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`;
}
