// Writes the public types of each entry to api/, without comments, so that a change of them is seen in review.
import { readFile, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

// The compiler that builds the package has no interface for programs.
import ts from "typescript-5";

const root = new URL("../", import.meta.url);

/** Entries, by the names of their declarations in dist/. */
export const ENTRIES = ["index", "actions"];

/** The table of reason codes is reviewed as src/reasons.ts, and grows with the verifier. */
const LEFT_OUT = "ReasonCode";

/** The declarations that an entry's users can name, and those that these are made of, by name. */
export async function surfaceOf(entry) {
  const file = `${entry}.d.ts`;
  const source = ts.createSourceFile(file, await readFile(new URL(`dist/${file}`, root), "utf8"), ts.ScriptTarget.Latest);
  const printer = ts.createPrinter({ removeComments: true });
  const declared = source.statements
    .map((statement) => ({ name: nameOf(statement), text: printer.printNode(ts.EmitHint.Unspecified, statement, source) }))
    .filter(({ name }) => name !== undefined && name !== LEFT_OUT);
  declared.sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
  return `${declared.map(({ text }) => text).join("\n")}\n`;
}

/** The committed copy. */
export const committed = (entry) => new URL(`api/${entry}.d.ts`, root);

function nameOf(statement) {
  const [variable] = statement.declarationList?.declarations ?? [];
  return (statement.name ?? variable?.name)?.text;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const entry of ENTRIES) await writeFile(committed(entry), await surfaceOf(entry));
}
