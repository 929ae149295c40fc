// The texts that the page's sources put before people, as templates in which {} stands for what is filled in.
import { createRequire } from "node:module";

const require = createRequire(new URL("../../npm-package/package.json", import.meta.url));
// The compiler that builds the page has no interface for programs.
const ts = require("typescript-5");

/** Attributes that people see or hear; texts in others are for the machine. */
const SHOWN = new Set(["title", "aria-label", "placeholder"]);

/** Elements that stand in a line of text. */
const INLINE = ["a", "bdi", "code", "em", "small", "span", "strong", "time"];

/** Functions whose texts no person reads. */
const SILENT = /^(?:createElementNS|closest|includes|matchMedia|querySelector|querySelectorAll|replace|setAttribute|test)$/;

/** The texts of a module that have a word, and another one or a place beside it. */
export function textsOf(source) {
  const texts = new Texts();
  texts.visit(ts.createSourceFile("module.ts", source, ts.ScriptTarget.Latest, true));
  return texts.found;
}

/** The texts of a page without scripts. */
export function textsOfPage(html) {
  const texts = new Texts();
  const inline = new RegExp(`</?(?:${INLINE.join("|")})\\b[^>]*>`, "g");
  for (const [, attribute] of html.matchAll(/(?:aria-label|placeholder|title|name="description" content)="([^"]*)"/g)) texts.add(attribute);
  for (const text of html.replace(inline, "").split(/<[^>]*>/)) texts.add(text);
  return texts.found;
}

class Texts {
  found = new Set();

  add(text) {
    const plain = text.replaceAll(/\s+/g, " ").trim();
    const words = plain.match(/\p{L}[\p{L}’'-]+|\{\}/gu) ?? [];
    if (plain.includes(" ") && words.length > 1 && words.some((word) => word !== "{}")) this.found.add(plain);
  }

  visit(node) {
    if (ts.isImportDeclaration(node) || ts.isTypeNode(node)) return;
    if (ts.isCallExpression(node)) this.#call(node);
    else if (isText(node)) {
      this.add(textOf(node));
      this.#inside(node);
    } else ts.forEachChild(node, (child) => this.visit(child));
  }

  #call(node) {
    const callee = node.expression.name?.text ?? node.expression.getText();
    const isElement = callee === "h";
    this.visit(node.expression);
    for (const argument of node.arguments) {
      if (isElement ? argument !== node.arguments[0] && argument !== node.arguments[1] : !SILENT.test(callee)) this.#argument(argument, isElement);
    }
    if (!isElement) return;
    this.#attributes(node);
    this.add(lineOf(node.arguments.slice(2)));
  }

  #argument(argument, isChild) {
    if (!isChild) this.visit(argument);
    else if (isText(argument)) this.#inside(argument);
    else if (isInline(argument)) {
      this.#attributes(argument);
      for (const child of argument.arguments.slice(2)) this.#argument(child, true);
    } else this.visit(argument);
  }

  #attributes({ arguments: [, attributes] }) {
    if (!attributes || !ts.isObjectLiteralExpression(attributes)) return;
    for (const { name, initializer } of attributes.properties.filter(ts.isPropertyAssignment)) {
      if (SHOWN.has(name.text) || !isText(initializer)) this.visit(initializer);
    }
  }

  /** What is computed within a text. */
  #inside(text) {
    const parts = ts.isTemplateExpression(text) ? text.templateSpans.map(({ expression }) => expression) : [];
    for (const part of parts) this.visit(part);
  }
}

/** A line of text with the elements in it. */
function lineOf(children) {
  const parts = children.map((child) => {
    if (isText(child)) return textOf(child);
    return isInline(child) ? lineOf(child.arguments.slice(2)) : "{}";
  });
  return parts.join("");
}

function isInline(node) {
  return ts.isCallExpression(node) && node.expression.getText() === "h" && INLINE.includes(node.arguments[0]?.text);
}

function isText(node) {
  if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) return true;
  return ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken && isText(node.left) && isText(node.right);
}

function textOf(node) {
  if (ts.isTemplateExpression(node)) return node.head.text + node.templateSpans.map(({ literal }) => `{}${literal.text}`).join("");
  return ts.isBinaryExpression(node) ? textOf(node.left) + textOf(node.right) : node.text;
}
