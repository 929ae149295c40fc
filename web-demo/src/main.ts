import { byId, h, legible, word } from "./element.js";
import { Desk, explain, type Item } from "./desk.js";
import { isOneFile, startVerifier } from "./engine.js";
import { findings, type Actions } from "./findings.js";
import { gestureOf, handedBytes, type Gesture } from "./handed.js";
import { listen } from "./intake.js";
import { goOffline } from "./offline.js";
import { drawRosette } from "./rosette.js";
import { blank, slips, summary, troubles, unread } from "./slips.js";
import { NARROW, strip } from "./strip.js";
import { showTrustFile, trustInUse } from "./trust.js";
import { closeViewer } from "./viewer.js";
import { plain } from "./words.js";

declare const BUILD: string;

const TITLE = document.title;

const verifier = startVerifier();
const desk = new Desk(verifier, show);
/** What the strip shows. */
let shown: Item | undefined;

byId("inert").remove();
drawRosette(byId<SVGElement>("mark"), "5ea1".repeat(16));
byId("engine").textContent = `${BUILD}, ${isOneFile() ? "page as one file" : location.href}`;
showTrustFile(again);
listen((gesture) => void take(gesture));
void goOffline();
// An open page may outlive the files that it came from: it fetches all that it needs at once.
void verifier.inspect(new Uint8Array()).catch(() => undefined);

async function take(gesture: Gesture): Promise<void> {
  await desk.take(gesture);
  showTrustFile(again);
}

function again(): void {
  showTrustFile(again);
  if (desk.items.length > 0) void desk.again();
}

/** Shows the desk as it is now; nothing of what was shown before stays. */
function show(): void {
  const { checking, items, selected } = desk;
  document.body.classList.toggle("busy", checking !== undefined);
  closeViewer();
  showTroubles();
  if (checking === undefined) showAll(items, selected);
  else showWaiting(checking);
}

function showWaiting(checking: string): void {
  shown = undefined;
  byId("slips").replaceChildren();
  byId("strip").replaceChildren(blank(checking, {}, null));
  byId("findings").replaceChildren();
  byId("announcement").textContent = "";
  document.title = `Checking ${legible(checking)}`;
}

function showAll(items: readonly Item[], selected: Item | undefined): void {
  const chosen = byId("slips").contains(document.activeElement);
  shown = selected;
  byId("primer").hidden = selected !== undefined;
  document.body.classList.toggle("has-verdict", selected !== undefined);
  showVerdicts(items, selected);
  byId("findings").hidden = selected === undefined;
  byId("findings").replaceChildren(...(selected ? reading(selected) : []));
  if (chosen) document.querySelector<HTMLElement>("#slips [aria-pressed=true]")?.focus({ preventScroll: true });
  else byId("strip-title").focus({ preventScroll: true });
  bringIntoView(chosen ? byId("strip") : byId("verdicts"));
}

/** The list, the strip, and what is said of them. */
function showVerdicts(items: readonly Item[], selected: Item | undefined): void {
  byId("slips").replaceChildren(...slips(items, selected, (item) => desk.select(item)));
  byId("strip").replaceChildren(...(selected ? [paper(selected)] : []));
  const unusable = desk.troubles.map(({ name }) => legible(name)).join(", ");
  const said = items.length > 0 ? summary(items) : unusable === "" ? "" : `not checked: ${unusable}`;
  document.title = said === "" ? TITLE : `${said} – CapSeal`;
  byId("announcement").textContent = selected ? announcement(items, selected) : said;
}

function paper(item: Item): HTMLElement {
  const { name, bytes, judged } = item;
  if (judged && bytes) return strip({ name, bytes, ...judged });
  const trust = trustInUse();
  const otherwise = trust ? ["Check by ", word(trust.name)] : ["Check without a trust file"];
  return blank(name, item, bytes ? h("p", { class: "tally" }, h("button", { type: "button", class: "fold", onclick: again }, ...otherwise)) : null);
}

function announcement(items: readonly Item[], selected: Item): string {
  const { judged } = selected;
  const one = judged ? `${summary([selected])}. ${plain(judged.verdict).headline} ${judged.verdict.reason ?? ""}` : `${summary([selected])}.`;
  return items.length > 1 ? `${summary(items)}. ${one}` : one;
}

function reading(item: Item, audit?: HTMLElement): HTMLElement[] {
  const { name, bytes } = item;
  let { judged } = item;
  if (!judged || !bytes) return [unread(item)];
  const actions: Actions = {
    open: (other) => void take(gestureOf([handedBytes(other.name, other.bytes)])),
    again: (demanded) => void desk.demand(item, demanded),
    judged: (verdict) => {
      const replaced = judged && desk.replace(item, judged, verdict);
      if (!replaced) return;
      judged = replaced;
      showVerdicts(desk.items, desk.selected);
      if (desk.selected === item) readAgain(item);
    },
    isShown: () => shown === item && item.judged === judged,
    fail: (error) => {
      desk.troubles = [{ name, why: explain(error), what: "Not shown" }];
      showTroubles();
      bringIntoView(byId("trouble"));
    },
  };
  return findings(verifier, { name, bytes }, judged, actions, audit);
}

/** After an audit. Its panel stays where it is: it shows what led to this verdict, and asks again. */
function readAgain(item: Item): void {
  const place = byId("findings");
  const audit = place.querySelector<HTMLElement>(".audit");
  if (!audit) return;
  const panels = reading(item, audit);
  const at = panels.indexOf(audit);
  for (const panel of [...place.children]) if (panel !== audit) panel.remove();
  audit.before(...panels.slice(0, at));
  audit.after(...panels.slice(at + 1));
}

/** What could not be checked or used, each by its name. */
function showTroubles(): void {
  const unchecked = desk.items.flatMap(({ name, why }) => (why === undefined ? [] : [{ name, why }]));
  const messages = troubles([...desk.troubles, ...unchecked]);
  byId("trouble").hidden = messages.length === 0;
  byId("trouble").replaceChildren(...messages);
  byId("left").hidden = desk.left.length === 0;
  byId("left").replaceChildren(...desk.left.map((text) => h("p", {}, legible(text))));
}

/** Whatever went wrong comes first. Where the columns stand side by side, both begin at the top. */
function bringIntoView(place: HTMLElement): void {
  const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
  const narrow = matchMedia(NARROW).matches;
  const trouble = byId("trouble");
  const target = trouble.hidden || place.id === "strip" ? place : trouble;
  const { bottom } = target.getBoundingClientRect();
  if (narrow) target.scrollIntoView({ block: "start", behavior });
  else if (target === trouble && bottom + scrollY > innerHeight) target.scrollIntoView({ block: "center", behavior });
  else scrollTo({ top: 0, behavior });
}
