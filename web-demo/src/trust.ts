// The trust file: whom the person at this page trusts. It stays in this browser and is sent nowhere.
import type { VerifyOptions } from "capseal-verify";

import { byId, h, word } from "./element.js";

export interface TrustFile {
  name: string;
  text: string;
}

const PLACE = "capseal-trust-file";

/** Far more than any trust file; a browser keeps little for a page. */
export const LARGEST_TRUST_FILE = 1024 * 1024;

/** In use now; also kept by the browser, where it lets the page keep something. */
let current: TrustFile | undefined = readKept();

let isKept = current !== undefined;

/** What was in use before, as long as this page is open: a file that came along with receipts may not be the one that was meant. */
let former: TrustFile | undefined;

export function trustInUse(): TrustFile | undefined {
  return current;
}

/** What to ask when nothing else was said: with a trust file, that somebody trusted sealed the receipt under rules. */
export function trusting(): VerifyOptions {
  return current ? { level: "policy-enforced", trust: current.text } : {};
}

export function useTrustFile(file: TrustFile): void {
  if (current && current.text !== file.text) former = current;
  current = file;
  isKept = keep(file);
}

/** A private window or a full store keeps nothing: the file then holds until the page is closed. */
function keep(file: TrustFile): boolean {
  try {
    localStorage.setItem(PLACE, JSON.stringify(file));
    return true;
  } catch {
    return false;
  }
}

function forget(): void {
  [current, former] = [undefined, undefined];
  try {
    localStorage.removeItem(PLACE);
  } catch {
    // There was nothing to forget.
  }
}

function readKept(): TrustFile | undefined {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(PLACE) ?? "null");
    const { name, text } = (kept ?? {}) as Partial<TrustFile>;
    return typeof name === "string" && typeof text === "string" ? { name, text } : undefined;
  } catch {
    return undefined;
  }
}

/** Shows which trust file is in use; `changed` is called when it is forgotten, or exchanged for the one before. */
export function showTrustFile(changed: () => void): void {
  const place = byId("trust");
  place.hidden = current === undefined;
  if (!current) {
    place.replaceChildren();
    return;
  }
  const button = (label: string, act: () => void): HTMLElement => {
    const onclick = (): void => {
      act();
      changed();
    };
    return h("button", { type: "button", class: "fold", onclick }, label);
  };
  const before = former;
  place.replaceChildren(
    "Trusting by ",
    word(current.name),
    `, ${isKept ? "kept in this browser" : "until this page is closed"}. `,
    ...(before ? ["It took the place of ", word(before.name), ". ", button("Use that again", () => useTrustFile(before)), " "] : []),
    button("Forget it", forget),
  );
}
