import { VerifierError, type Verdict, type VerifyOptions } from "capseal-verify";

import { byId, h } from "./element.js";
import { startVerifier } from "./engine.js";
import { findings } from "./findings.js";
import { IntakeError, listen, type Receipt } from "./intake.js";
import { drawRosette } from "./rosette.js";
import { NARROW, strip } from "./strip.js";
import { showTrustFile, trusting, useTrustFile, type TrustFile } from "./trust.js";
import { plain } from "./words.js";

declare const BUILD: string;

const verifier = startVerifier();
let latest = 0;
let shown: Receipt | undefined;

drawRosette(document.querySelector<SVGElement>("#mark")!, "5ea1".repeat(16));
byId("engine").textContent = BUILD;
listen({ open: (receipt) => void open(receipt), trust: (file) => void trust(file), fail });
showTrustFile(again);
void goOffline();

/** Takes a trust file that the verifier can read, and checks the receipt at hand by it. */
async function trust(file: TrustFile): Promise<void> {
  try {
    await verifier.verify(new Uint8Array(), { trust: file.text });
    useTrustFile(file);
    byId("trouble").hidden = true;
    showTrustFile(again);
    again();
  } catch (error) {
    fail(error);
  }
}

function again(): void {
  if (shown) void open(shown);
}

async function open(receipt: Receipt, options: VerifyOptions = trusting()): Promise<void> {
  const ticket = (latest += 1);
  shown = receipt;
  byId("trouble").hidden = true;
  document.body.classList.add("busy");
  try {
    // The first call starts the worker; that is no part of the time shown.
    await verifier.inspect(new Uint8Array());
    const begun = performance.now();
    const verdict = await verifier.verify(receipt.bytes, options);
    const elapsed = performance.now() - begun;
    const inspected = await verifier.inspect(receipt.bytes);
    if (ticket !== latest) return;

    byId("strip").replaceChildren(strip({ ...receipt, verdict, elapsed }));
    document.body.classList.add("has-verdict");
    byId("primer").hidden = true;
    byId("findings").hidden = false;
    byId("findings").replaceChildren(
      ...findings(verifier, receipt, verdict, inspected, options, {
        open: (other) => void open(other),
        again: (demanded) => void open(receipt, { ...trusting(), ...demanded }),
        judged: (audited) => {
          if (ticket !== latest) return;
          byId("strip").replaceChildren(strip({ ...receipt, verdict: audited, elapsed }));
          byId("announcement").textContent = announcement(audited);
        },
        fail,
      }),
    );
    byId("announcement").textContent = announcement(verdict);
    byId("strip-title").focus({ preventScroll: true });
    bringIntoView();
  } catch (error) {
    fail(error);
  } finally {
    if (ticket === latest) document.body.classList.remove("busy");
  }
}

function announcement(verdict: Verdict): string {
  return `${verdict.conclusion}. ${plain(verdict).headline} ${verdict.reason ?? ""}`;
}

/** Where the columns stand side by side, both begin at the top; where they do not, the strip comes first. */
function bringIntoView(): void {
  const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
  if (matchMedia(NARROW).matches) byId("strip").scrollIntoView({ block: "start", behavior });
  else scrollTo({ top: 0, behavior });
}

function fail(error: unknown): void {
  const trouble = byId("trouble");
  trouble.replaceChildren(h("strong", {}, "Not checked. "), explain(error));
  trouble.hidden = false;
}

function explain(error: unknown): string {
  if (error instanceof IntakeError) return error.message;
  if (error instanceof VerifierError && error.code === "TRAPPED") {
    return "The verifier stopped while reading this file. Treat it as not verified.";
  }
  if (error instanceof VerifierError && error.code === "LOAD_FAILED") {
    return "The verifier could not be loaded. This browser may be too old, or block WebAssembly.";
  }
  return error instanceof Error ? error.message : String(error);
}

/** Keeps the page for later use without a network. Local files and plain http have no service worker. */
async function goOffline(): Promise<void> {
  if (!("serviceWorker" in navigator) || !isSecureContext || document.getElementById("inlined-wasm")) return;
  try {
    await navigator.serviceWorker.register("service-worker.js");
    await navigator.serviceWorker.ready;
    byId("offline").hidden = false;
  } catch {
    // A private window may refuse; the page works all the same.
  }
}
