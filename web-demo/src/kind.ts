// What a file is, by its content: names are what somebody called it.

const RECEIPT_TYPE = "application/vnd.capseal.receipt";
const TRUST_SCHEMA = /^\s*["']?schema["']?\s*=\s*["']+capseal\/trust\//m;
const TOML_NAME = /\.toml$/i;
const RECEIPT_NAME = /\.cap$/i;

/** As many bytes as tell what a file is. */
export const TELLING_BYTES = 4096;

/**
 * The text of a trust file: one that states its schema, or one that is called `.toml` and is text. `undefined` for anything
 * else, which is then judged as a receipt.
 */
export function trustText(name: string, content: Uint8Array): string | undefined {
  if (startsLikeReceipt(content)) return undefined;
  const text = utf8(content);
  if (text === undefined) return undefined;
  return TOML_NAME.test(name) || isTrustText(text) ? text : undefined;
}

/** Whether a text states that it is a trust file, of whatever version. */
export function isTrustText(text: string): boolean {
  return TRUST_SCHEMA.test(text);
}

/** Whether a file that lies in a folder, among others, is worth taking: judged by its name and its first bytes. */
export function isOurs(name: string, head: Uint8Array): boolean {
  if (RECEIPT_NAME.test(name) || startsLikeReceipt(head)) return true;
  return isTrustText(new TextDecoder().decode(head));
}

/** Every receipt is a ZIP whose first entry names its type. */
function startsLikeReceipt(content: Uint8Array): boolean {
  if (content[0] !== 0x50 || content[1] !== 0x4b) return false;
  return new TextDecoder("latin1").decode(content.subarray(0, 128)).includes(RECEIPT_TYPE);
}

function utf8(content: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    return undefined;
  }
}
