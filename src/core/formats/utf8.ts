import { getTextEncoding } from '@bufbuild/protobuf/wire';

/** Strict UTF-8 is not asked for: a wrong byte becomes U+FFFD and the JSON check judges the rest. */
export function decodeText(bytes: Uint8Array): string {
  const text = getTextEncoding().decodeUtf8(bytes);
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  return getTextEncoding().encodeUtf8(text);
}
