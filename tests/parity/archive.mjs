// The vector whose archive is kept elsewhere, and a host that answers for it, as a provider and as a relay.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const VECTORS = new URL("../vectors/", import.meta.url);
const path = (name) => fileURLToPath(new URL(name, VECTORS));
const json = (name) => JSON.parse(readFileSync(path(name), "utf8"));
const archive = json("sampling.json");

export const RECEIPT = path(archive.receipt);
export const ROWS = archive.rows.map((row) => Buffer.from(row, "base64"));

/** The receipt of an archive with the same rows that was committed to a relay, and the options that its challenge is judged by. */
export const REGISTERED = path("accept/challenge-answered.cap");
export const ASKED = json("accept/challenge-answered.options.json");

/** What the relay says: its receipt of the `commit`, its `challenge`. */
export const message = (name) => Buffer.from(ASKED.challenge[name], "base64");

/** The row that a request asks for; `undefined` when it asks for something else. */
export function rowOf({ url }) {
  const index = /\/rows\/(\d+)$/.exec(url)?.[1];
  return index === undefined ? undefined : Number(index);
}

export function answerForArchive(request, response) {
  const row = rowOf(request);
  response.end(row === undefined ? message(request.url.endsWith("/challenge") ? "challenge" : "commit") : ROWS[row]);
}
