// The audit of an archive that is kept elsewhere: a provider's address, and a cell for each row that was drawn.
import type { Verdict, Verifier, VerifyOptions } from "capseal-verify";

import type { Receipt } from "./desk.js";
import { count, counted, h, onAsked, sentence } from "./element.js";

/** Shown for receipts that do not carry their whole archive. `judged` gets the verdict that the samples led to. */
export function auditPanel(verifier: Verifier, receipt: Receipt, options: VerifyOptions, judged: (verdict: Verdict) => void): HTMLElement {
  const url = (id: string): HTMLInputElement => h("input", { id, type: "url", spellcheck: "false", autocomplete: "off", placeholder: "https://…" });
  const [address, relay] = [url("provider"), url("relay")];
  const grid = h("p", { class: "rows", role: "img", "aria-label": "No rows asked for yet" });
  const said = h("p", { role: "status" });
  const button = h("button", { type: "button" }, "Ask for rows");
  const form = h("form", { novalidate: true, class: "pair" }, address, button);
  onAsked(form, () => {
    if (button.disabled) return;
    button.disabled = true;
    said.replaceChildren();
    const asked = { provider: address.value.trim(), relay: relay.value.trim() };
    void sample(verifier, receipt, options, asked, grid)
      .then((verdict) => {
        said.replaceChildren(...found(verdict, asked.relay !== ""));
        judged(verdict);
      })
      .catch((error: unknown) => said.replaceChildren(error instanceof Error ? error.message : String(error)))
      .finally(() => (button.disabled = false));
  });
  return h(
    "section",
    { class: "panel audit" },
    h("h2", {}, "Is the archive available?"),
    h(
      "p",
      {},
      "Not all of it travels in this receipt. This page draws rows of it at random and asks a provider for them; each has to prove that it belongs to this receipt.",
    ),
    h("label", { for: "provider" }, "Address of a provider"),
    form,
    h(
      "details",
      {},
      h("summary", {}, "Was it committed to a relay?"),
      h("label", { for: "relay" }, "Address of the relay"),
      relay,
      h(
        "p",
        {},
        "The relay says since when it knows this receipt, and calls for rows that are not the maker’s choice. It counts when your trust file lists its key.",
      ),
    ),
    grid,
    said,
  );
}

async function sample(
  verifier: Verifier,
  receipt: Receipt,
  options: VerifyOptions,
  asked: { provider: string; relay: string },
  grid: HTMLElement,
): Promise<Verdict> {
  const cells: HTMLElement[] = [];
  let had = 0;
  const verdict = await verifier.audit(receipt.bytes, {
    ...options,
    providers: [asked.provider],
    ...(asked.relay !== "" && { relay: asked.relay }),
    onPlan: (rows) => {
      cells.push(...Array.from({ length: rows }, () => h("span", {})));
      grid.replaceChildren(...cells);
    },
    onRow: (place, here) => {
      had += here ? 1 : 0;
      cells[place]?.classList.add(here ? "had" : "missing");
    },
  });
  // A row that was had may still not hold: then none of them counts.
  const holds = verdict.checks.at(-1)?.outcome === "passed";
  for (const cell of cells) if (cell.className === "had") cell.className = holds || had < cells.length ? "had" : "wrong";
  grid.setAttribute("aria-label", `${count(had)} of ${counted(cells.length, "row")} available`);
  return verdict;
}

function found(verdict: Verdict, relayed: boolean): (Node | string)[] {
  const { availability } = verdict;
  if (availability?.result === "live") {
    const { samples, rows, bits } = availability;
    return [
      h("strong", {}, "They hold. "),
      `${count(samples)} of ${counted(rows, "row")}, drawn for this check, were available; with too few rows left, the chance of that is at most 2^-${bits}. `,
      relayed ? "So were those that the relay called for: if it drew them when it says, the archive existed then. " : "",
      "That says nothing about tomorrow.",
    ];
  }
  const failed = verdict.checks.find((check) => check.outcome === "failed");
  if (failed) return [h("strong", {}, "Not shown. "), h("span", { class: "code", translate: "no" }, failed.code), " ", sentence(failed.detail)];
  return availability?.result === "complete" ? ["All of it travels in the receipt."] : [];
}
