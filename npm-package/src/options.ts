// Option objects are read here, once, at the call. No demand is lost on its way to the core, which judges names, types and ranges.
import { VerifierError } from "./errors.js";
import type { AuditOptions, VerifyOptions } from "./verdict.js";

/** What JSON carries as it is. */
type Plain = string | number | boolean | null | Plain[] | { [name: string]: Plain };

type Fields = Map<string, unknown>;

const MOST_DEPTH = 16;
const MOST_BITS = 100;
const MOST_U32 = 2 ** 32 - 1;

/**
 * The values of an option object by name. Every name counts that the object has or inherits, whether it is enumerable or not, but for
 * `constructor` and what `Object.prototype` has by itself. Each value is read once.
 */
export function readFields(value: unknown, path: string): Fields {
  return guarded(path, () => {
    if (!isRecord(value)) throw wrong(`${path}: an object with named values is needed`);
    const fields: Fields = new Map();
    for (const name of namesOf(value)) fields.set(name, value[name]);
    return fields;
  });
}

/** A copy of plain options. `undefined` as a whole is no options; as the value of a name it is refused. */
export function readOptions<T>(options: T | undefined): T | undefined {
  return options === undefined ? undefined : readRecord(options, "options");
}

/** A copy of plain options that have to be there. */
export function readRecord<T>(options: T, path: string): T {
  const plain = readPlain(options, path);
  if (!isRecord(plain)) throw wrong(`${path}: an object with named values is needed, not ${kindOf(options)}`);
  return plain as T;
}

/** A copy of a plain list. */
export function readList<T>(list: T[], path: string): T[] {
  const plain = readPlain(list, path);
  if (!Array.isArray(plain)) throw wrong(`${path}: an array is needed, not ${kindOf(list)}`);
  return plain as T[];
}

/** The options of `verify`, with the time at which keys are judged. */
export function readVerifyOptions(options: VerifyOptions | undefined): VerifyOptions | undefined {
  const asked = readOptions(options);
  if (asked && "trust" in asked && !("at" in asked)) asked.at = Date.now();
  return asked;
}

/** A copy of a value that JSON carries without loss. */
function readPlain(value: unknown, path: string): Plain {
  return guarded(path, () => copy(value, path, 0));
}

function copy(value: unknown, path: string, depth: number): Plain {
  if (depth > MOST_DEPTH) throw wrong(`${path}: nested too deep`);
  if (value === undefined) throw wrong(`${path} is undefined: leave it out, or give it a value`);
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return wholeNumber(value, path, Number.MAX_SAFE_INTEGER);
  if (Array.isArray(value)) return Array.from(value as unknown[], (item, at) => copy(item, `${path}[${at}]`, depth + 1));
  if (!isRecord(value)) throw wrong(`${path}: ${kindOf(value)} is no value that an option can have`);
  // Without a prototype: `__proto__` is a name like any other, and no `toJSON` comes in from elsewhere.
  const plain = Object.create(null) as { [name: string]: Plain };
  for (const name of namesOf(value)) plain[name] = copy(value[name], `${path}.${name}`, depth + 1);
  return plain;
}

/** A whole number from 0 to `most`. */
export function wholeNumber(value: unknown, path: string, most = MOST_U32): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0 || value > most) {
    throw wrong(`${path}: a whole number from 0 to ${most} is needed, not ${kindOf(value)}`);
  }
  return value;
}

/** SHA-256 in hexadecimal. */
export function digestText(value: unknown, path: string): string {
  if (typeof value !== "string" || !/^[0-9a-f]{64}$/.test(value)) throw wrong(`${path}: 64 lower-case hexadecimal digits are needed`);
  return value;
}

export function text(value: unknown, path: string): string {
  if (typeof value !== "string") throw wrong(`${path}: a text is needed, not ${kindOf(value)}`);
  return value;
}

/** What an audit was asked for: how to fetch, and how to judge. */
export interface Audit extends Pick<AuditOptions, "providers" | "relay" | "bits" | "onPlan" | "onRow" | "signal" | "headers" | "attestations"> {
  judge: VerifyOptions;
}

export function readAuditOptions(options: AuditOptions): Audit {
  const fields = readFields(options, "options");
  const take = <T>(name: string, read: (value: unknown, path: string) => T): { [key: string]: T } => {
    if (!fields.has(name)) return {};
    const value = fields.get(name);
    fields.delete(name);
    return { [name]: read(value, `options.${name}`) };
  };
  if (!fields.has("providers")) throw wrong("options.providers is missing");
  const audit = {
    ...take("providers", texts),
    ...take("relay", text),
    ...take("bits", bitsOf),
    ...take("onPlan", callback),
    ...take("onRow", callback),
    ...take("headers", callback),
    ...take("signal", abortSignal),
    ...take("attestations", attestations),
  };
  for (const name of ["samples", "challenge"]) {
    if (fields.has(name)) throw wrong(`options.${name}: an audit makes it`);
  }
  return { ...audit, judge: readRecord(Object.fromEntries(fields), "options") as VerifyOptions } as Audit;
}

function texts(value: unknown, path: string): string[] {
  if (!Array.isArray(value)) throw wrong(`${path}: an array of texts is needed, not ${kindOf(value)}`);
  return Array.from(value as unknown[], (item, at) => text(item, `${path}[${at}]`));
}

function bitsOf(value: unknown, path: string): number {
  if (wholeNumber(value, path, MOST_BITS) === 0) throw wrong(`${path}: a whole number from 1 to ${MOST_BITS} is needed`);
  return value as number;
}

function callback(value: unknown, path: string): unknown {
  if (typeof value !== "function") throw wrong(`${path}: a function is needed, not ${kindOf(value)}`);
  return value;
}

function abortSignal(value: unknown, path: string): unknown {
  if (Object.prototype.toString.call(value) !== "[object AbortSignal]") throw wrong(`${path}: an AbortSignal is needed, not ${kindOf(value)}`);
  return value;
}

/** Read here, because a receipt that carries its whole archive is judged without them. */
function attestations(value: unknown, path: string): unknown {
  const plain = readRecord(value, path);
  const fields = readFields(plain, path);
  for (const [name, item] of fields) {
    if (name === "given") texts(item, `${path}.given`);
    else if (name === "bits") bitsOf(item, `${path}.bits`);
    else if (name === "max_age_ms") wholeNumber(item, `${path}.max_age_ms`, Number.MAX_SAFE_INTEGER);
    else if (name !== "threshold") throw wrong(`${path}.${name} is no option`);
    else if (wholeNumber(item, `${path}.threshold`) === 0) throw wrong(`${path}.threshold: a whole number from 1 on is needed`);
  }
  return plain;
}

/** An object with names; neither a list nor an object of the language or the host, such as a `Map` or a `Date`. */
function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.prototype.toString.call(value) === "[object Object]";
}

function namesOf(value: object): Set<string> {
  const names = new Set<string>();
  for (let of: object | null = value; of !== null; of = Object.getPrototypeOf(of) as object | null) {
    for (const name of Reflect.ownKeys(of)) {
      const inherited = of !== value;
      if (inherited && (name === "constructor" || isBuiltIn(of, name))) continue;
      if (typeof name === "string") names.add(name);
      else if (isEnumerable(of, name)) throw wrong(`${String(name)} is no option`);
    }
  }
  return names;
}

/** Whether a name is one that every object inherits. What somebody has added there is enumerable, as a rule. */
function isBuiltIn(of: object, name: string | symbol): boolean {
  return Object.getPrototypeOf(of) === null && Object.hasOwn(of, "hasOwnProperty") && !isEnumerable(of, name);
}

function isEnumerable(of: object, name: string | symbol): boolean {
  return Object.prototype.propertyIsEnumerable.call(of, name);
}

/** A getter or a proxy may throw whatever it likes. */
function guarded<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof VerifierError) throw cause;
    throw wrong(`${path}: a value could not be read`, cause);
  }
}

export function kindOf(value: unknown): string {
  if (value === null || value === undefined || typeof value === "number") return String(value);
  if (typeof value !== "object") return `a ${typeof value}`;
  return Object.prototype.toString.call(value).slice(8, -1);
}

export function wrong(message: string, cause?: unknown): VerifierError {
  return new VerifierError("USAGE", message, cause === undefined ? undefined : { cause });
}
