// Prints the page of the npm package's interface: every export of its entries, with the declaration and the words of the source.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../npm-package/", import.meta.url));
const ts = createRequire(root)("typescript-5");

const ENTRIES = [
  ["capseal-verify", "src/index.ts"],
  ["capseal-verify/actions", "src/actions.ts"],
];

const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile).config, ts.sys, root);
const program = ts.createProgram(
  ENTRIES.map(([, file]) => root + file),
  { ...options, noEmit: false, declaration: true, emitDeclarationOnly: true, outDir: undefined },
);
const checker = program.getTypeChecker();
const declared = declarations();

console.log(`# The npm package's interface

Generated from the package's sources by \`.ci/reference\`. [The package's page](../../npm-package/README.md) says how to use it.`);
const told = new Set();
for (const [entry, file] of ENTRIES) {
  console.log(`\n## ${entry}`);
  for (const name of exportsOf(file)) tell(name);
}

/** The statements of all declaration files, by source file and name. */
function declarations() {
  const found = new Map();
  program.emit(undefined, (path, text) => {
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
    for (const statement of file.statements) {
      const name = (statement.name ?? statement.declarationList?.declarations[0].name)?.getText();
      const key = `${path.replace(/\.d\.ts$/, ".ts")}#${name}`;
      found.set(key, [...(found.get(key) ?? []), statement]);
    }
  }, undefined, true);
  return found;
}

function exportsOf(file) {
  return checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(root + file))).map((symbol) => {
    const alias = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return { name: symbol.name, key: `${alias.declarations[0].getSourceFile().fileName}#${alias.name}` };
  }).sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name, "en"));
}

/** Functions first, then classes and values, then types. */
function rank({ key }) {
  const [statement] = declared.get(key);
  if (ts.isFunctionDeclaration(statement)) return 0;
  return ts.isClassDeclaration(statement) || ts.isVariableStatement(statement) ? 1 : 2;
}

function tell({ name, key }) {
  // Both entries have some types.
  if (told.has(key)) return;
  told.add(key);
  const statements = declared.get(key);
  console.log(`\n### ${name}\n`);
  const words = statements.flatMap((statement) => ts.getJSDocCommentsAndTags(statement).map((doc) => ts.getTextOfJSDocComment(doc.comment)));
  if (words.length > 0) console.log(`${words.join("\n\n")}\n`);
  console.log("```ts");
  for (const statement of statements) console.log(statement.getText().replace(/^export (declare )?/, ""));
  console.log("```");
}
