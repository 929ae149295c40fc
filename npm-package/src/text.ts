// UTF-8, where the host does not bring it: jsdom under Jest has neither class.

class Utf8Decoder {
  decode(bytes: Uint8Array = new Uint8Array()): string {
    return decodeURIComponent(Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""));
  }
}

class Utf8Encoder {
  encode(text: string): Uint8Array {
    const escaped = encodeURIComponent(text.replace(/\p{Cs}/gu, "\uFFFD"));
    const bytes = escaped.replace(/%(..)/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
    return Uint8Array.from(bytes, (byte) => byte.charCodeAt(0));
  }

  encodeInto(text: string, into: Uint8Array): { read: number; written: number } {
    const bytes = this.encode(text);
    into.set(bytes);
    return { read: text.length, written: bytes.length };
  }
}

const decoder = globalThis.TextDecoder ?? Utf8Decoder;
const encoder = globalThis.TextEncoder ?? Utf8Encoder;

export { decoder as TextDecoder, encoder as TextEncoder };
