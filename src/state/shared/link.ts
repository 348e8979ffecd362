/**
 * What an address carries after its `#`: `v1.` and base64url of deflated JSON. Everything that comes in is hostile
 * until checked: what unfolds is bounded, every field has its type, unknown fields are passed over.
 */
import { base64Decode, base64Encode } from '@bufbuild/protobuf/wire';
import { deflateSync, Inflate, strFromU8, strToU8 } from 'fflate';
import type { PublishedSource } from '../../api/dictionaries.ts';
import { readSource } from '../../core/publishedSource.ts';

/** Which dictionary, and enough to find or fetch it elsewhere. */
export interface LinkedDictionary {
  id: string;
  /** 'sha256-…' of its tensors; '' when not known. */
  hash: string;
  label: string;
  hook: string;
  model: string;
  /** Where it is published, when it came from there. */
  from?: PublishedSource;
}

export interface LinkState {
  /** Absent when it was too long for an address, as `compare` may be. */
  text?: string;
  model?: { id: string; hash: string };
  dictionary?: LinkedDictionary;
  hook?: string;
  colourBy?: string;
  ranking?: string;
  /** Features by dictionary, in the order they were pinned; each with its colour's place. */
  pins?: { dictionary: string; latent: number; slot: number }[];
  position?: number;
  span?: [number, number];
  compare?: string;
  /** Which screen; absent: Explore. */
  view?: string;
}

type LinkTexts = Pick<LinkState, 'text' | 'compare'>;

type ParsedLink = { status: 'none' } | { status: 'link'; state: LinkState } | { status: 'bad'; message: string };

const PREFIX = 'v1.';
/** Longest hash taken. */
const MAX_HASH = 100_000;
/** Longest JSON that may unfold from it. */
const MAX_JSON = 2_000_000;
/** Texts whose link would be longer than this are left out: servers, chats and mails cut addresses. */
export const MAX_LINK = 8000;
/** Deflate makes at most a thousandth of its input: pieces this small keep a bomb from unfolding far beyond the bound. */
const PIECE = 256;

const MAX_NAME = 300;
const MAX_PINS_TAKEN = 200;
const MAX_NUMBER = 2 ** 31;

/** With the leading '#', and the texts left out of it for its length: the second one before the first. */
export function encodeLink(state: LinkState): { hash: string; left: LinkTexts | null } {
  const { text, compare, ...rest } = state;
  const both = { text, compare };
  const ways: [goes: LinkTexts, left: LinkTexts | null][] = [[both, null]];
  if (compare !== undefined) ways.push([{ text }, { compare }], [{ compare }, { text }]);
  for (const [goes, left] of ways) {
    // No texts of this length become short enough, save very dull ones.
    if (Object.values(goes).join('').length >= 40 * MAX_LINK) continue;
    const hash = written({ ...goes, ...rest });
    if (hash.length <= MAX_LINK) return { hash, left };
  }
  return { hash: written(rest), left: both };
}

function written(state: LinkState): string {
  return `#${PREFIX}${base64Encode(deflateSync(strToU8(JSON.stringify(state)), { level: 9 }), 'url')}`;
}

/** @param hash of an address, with or without its '#' */
export function parseLink(hash: string): ParsedLink {
  const body = hash.replace(/^#/, '');
  if (body === '') return { status: 'none' };
  if (!body.startsWith(PREFIX)) {
    return /^v\d+\./.test(body)
      ? bad('It was made by a newer version of this page. Reload the page to update it, then open the link again.')
      : { status: 'none' };
  }
  try {
    const state = checked(JSON.parse(unfolded(body.slice(PREFIX.length))));
    return state ? { status: 'link', state } : bad('What it says is not what this page writes.');
  } catch (error) {
    return bad(error instanceof LinkError ? error.message : 'It is cut off or damaged.');
  }
}

function bad(reason: string): ParsedLink {
  return { status: 'bad', message: `The link could not be read. ${reason}` };
}

class LinkError extends Error {}

function unfolded(base64: string): string {
  if (base64.length > MAX_HASH) throw new LinkError('It is far too long.');
  const bytes = base64Decode(base64);
  const chunks: Uint8Array[] = [];
  let length = 0;
  let whole = false;
  const inflate = new Inflate((chunk, final) => {
    length += chunk.length;
    if (length > MAX_JSON) throw new LinkError('It unfolds to far more than a page holds.');
    chunks.push(chunk);
    whole ||= final;
  });
  for (let at = 0; at < bytes.length; at += PIECE) inflate.push(bytes.subarray(at, at + PIECE), at + PIECE >= bytes.length);
  if (!whole) throw new LinkError('It is cut off or damaged.');
  return strFromU8(joined(chunks));
}

/** null when a field it knows has the wrong type. */
function checked(value: unknown): LinkState | null {
  if (!isRecord(value)) return null;
  const state: LinkState = {};
  for (const [key, take] of Object.entries(FIELDS)) {
    if (!Object.hasOwn(value, key) || value[key] === undefined) continue;
    const taken = take(value[key]);
    if (taken === undefined) return null;
    Object.assign(state, { [key]: taken });
  }
  return state;
}

/** Each gives the field as it is used, undefined when it is not one. */
const FIELDS: { [K in keyof Required<LinkState>]: (value: unknown) => LinkState[K] | undefined } = {
  text: (v) => (typeof v === 'string' ? v : undefined),
  model: (v) => (isRecord(v) && isName(v.id) && isName(v.hash) ? { id: v.id, hash: v.hash } : undefined),
  dictionary: (v) =>
    isRecord(v) && isName(v.id) && isName(v.hash) && isName(v.label) && isName(v.hook) && isName(v.model)
      ? { id: v.id, hash: v.hash, label: v.label, hook: v.hook, model: v.model, ...fromOf(v.from) }
      : undefined,
  hook: (v) => (isName(v) ? v : undefined),
  colourBy: (v) => (isName(v) ? v : undefined),
  ranking: (v) => (isName(v) ? v : undefined),
  pins: (v) => {
    if (!Array.isArray(v) || v.length > MAX_PINS_TAKEN) return undefined;
    const pins = v.flatMap((p: unknown) =>
      isRecord(p) && isName(p.dictionary) && isCount(p.latent) && isCount(p.slot)
        ? [{ dictionary: p.dictionary, latent: p.latent, slot: p.slot }]
        : [],
    );
    return pins.length === v.length ? pins : undefined;
  },
  position: (v) => (isCount(v) ? v : undefined),
  span: (v) => (Array.isArray(v) && v.length === 2 && isCount(v[0]) && isCount(v[1]) && v[0] < v[1] ? [v[0], v[1]] : undefined),
  compare: (v) => (typeof v === 'string' ? v : undefined),
  view: (v) => (isName(v) ? v : undefined),
};

/** A link without a place is as good. */
function fromOf(value: unknown): { from?: PublishedSource } {
  const from = readSource(value);
  return from ? { from } : {};
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_NAME;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < MAX_NUMBER;
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(chunks.reduce((sum, c) => sum + c.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}
