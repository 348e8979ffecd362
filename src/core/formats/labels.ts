/**
 * Labels that a person wrote for latents. A label belongs to the hash of the tensors, so it never jumps to other weights.
 * Whatever comes from outside is checked here before it is believed.
 */
import { UsageError } from '../errors.ts';
import { readEvidence, type LabelEvidence } from './evidence.ts';
import { maybeRecord } from './words.ts';

export interface Label {
  /** `DictionaryInfo.hash`. */
  hash: string;
  latent: number;
  text: string;
  /** ISO time, UTC. */
  changed: string;
  evidence?: LabelEvidence;
}

export const MAX_LABEL_LENGTH = 500;

const MAX_LATENT = 2 ** 24;
export const LABEL_HASH = /^sha256-[0-9a-f]{64}$/;
export function labelKey({ hash, latent }: Pick<Label, 'hash' | 'latent'>): string {
  return `${hash}/${latent}`;
}

/** One line without control characters, trimmed, well-formed. */
export function cleanText(text: string): string {
  return text
    .toWellFormed()
    .replace(/\p{Cc}+/gu, ' ')
    .trim();
}

/**
 * @returns the text as it is kept; '' removes a label
 * @throws UsageError when it is no text or longer than 500 characters
 */
export function checkLabelText(text: unknown): string {
  if (typeof text !== 'string') throw new UsageError('A label is a text.');
  const clean = cleanText(text);
  if (clean.length > MAX_LABEL_LENGTH) {
    throw new UsageError(`A label has at most ${MAX_LABEL_LENGTH} characters; this one has ${clean.length}. Shorten it and save it again.`);
  }
  return clean;
}

/** A label as storage or a file holds it, or undefined when it is none. */
export function readLabel(value: unknown, now: number): Label | undefined {
  const { hash, latent, text, changed, evidence } = maybeRecord(value) ?? {};
  if (typeof hash !== 'string' || !LABEL_HASH.test(hash)) return undefined;
  if (!Number.isInteger(latent) || (latent as number) < 0 || (latent as number) >= MAX_LATENT) return undefined;
  if (typeof text !== 'string' || text.length > 4 * MAX_LABEL_LENGTH) return undefined;
  const clean = cleanText(text);
  const time = readTime(changed, now);
  if (clean === '' || clean.length > MAX_LABEL_LENGTH || time === undefined) return undefined;
  // A label is one without what stands behind it, too.
  const read = evidence === undefined ? undefined : readEvidence(evidence);
  return { hash, latent: latent as number, text: clean, changed: time, ...(read && { evidence: read }) };
}

/** A time to come would win over everything written later, so it counts as now. */
function readTime(value: unknown, now: number): string | undefined {
  if (typeof value !== 'string' || value.length > 40) return undefined;
  const time = Date.parse(value);
  return Number.isFinite(time) ? new Date(Math.min(time, now)).toISOString() : undefined;
}
