/**
 * Labels that a person wrote for latents, and the JSON file they travel in. A label belongs to the hash of the
 * tensors, so it never jumps to other weights. Whatever comes from outside is checked here before it is believed.
 */
import { UsageError } from '../errors.ts';
import { FormatError } from './bytes.ts';
import { maybeRecord, quote } from './text.ts';

export interface Label {
  /** `DictionaryInfo.hash`. */
  hash: string;
  latent: number;
  text: string;
  /** ISO time, UTC. */
  changed: string;
}

/** What the file says of a dictionary, for people and other programs; only `hash` decides whose the labels are. */
interface LabelledDictionary {
  hash: string;
  id: string;
  model: string;
  hook: string;
}

export interface ParsedLabels {
  labels: Label[];
  dictionaries: LabelledDictionary[];
  /** Sentences about what was left out. */
  warnings: string[];
}

interface LabelMerge {
  /** What the store must write. */
  write: Label[];
  added: number;
  changed: number;
  unchanged: number;
  /** Of the unchanged: those where the label here is the newer one and differs. */
  newerHere: number;
}

const MAX_LABEL_LENGTH = 500;

/** A dictionary has at most some hundred thousand latents, and people label few of them. */
export const MAX_LABELS_BYTES = 32 * 2 ** 20;

const FORMAT = 'featurescope-labels';
const VERSION = 1;
const MAX_LABELS = 200_000;
const MAX_DICTIONARIES = 10_000;
const MAX_LATENT = 2 ** 24;
const HASH = /^sha256-[0-9a-f]{64}$/;
const MAX_NAME_LENGTH = 300;

export function labelKey({ hash, latent }: Pick<Label, 'hash' | 'latent'>): string {
  return `${hash}/${latent}`;
}

/** One line without control characters, trimmed, well-formed. */
function cleanText(text: string): string {
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
  const { hash, latent, text, changed } = maybeRecord(value) ?? {};
  if (typeof hash !== 'string' || !HASH.test(hash)) return undefined;
  if (!Number.isInteger(latent) || (latent as number) < 0 || (latent as number) >= MAX_LATENT) return undefined;
  if (typeof text !== 'string' || text.length > 4 * MAX_LABEL_LENGTH) return undefined;
  const clean = cleanText(text);
  const time = readTime(changed, now);
  if (clean === '' || clean.length > MAX_LABEL_LENGTH || time === undefined) return undefined;
  return { hash, latent: latent as number, text: clean, changed: time };
}

/** A time to come would win over everything written later, so it counts as now. */
function readTime(value: unknown, now: number): string | undefined {
  if (typeof value !== 'string' || value.length > 40) return undefined;
  const time = Date.parse(value);
  return Number.isFinite(time) ? new Date(Math.min(time, now)).toISOString() : undefined;
}

/**
 * @param known dictionaries that may own labels; a hash without one is written without a name
 * @param now ISO time
 */
export function writeLabels(labels: readonly Label[], known: readonly LabelledDictionary[], now: string): string {
  const hashes = [...new Set(labels.map((label) => label.hash))];
  const dictionaries = hashes.map((hash) => {
    const { id = '', model = '', hook = '' } = known.find((d) => d.hash === hash) ?? {};
    const mine = labels.filter((label) => label.hash === hash).sort((a, b) => a.latent - b.latent);
    return { hash, id, model, hook, labels: mine.map(({ latent, text, changed }) => ({ latent, text, changed })) };
  });
  return `${JSON.stringify({ format: FORMAT, version: VERSION, exported: now, dictionaries }, null, 1)}\n`;
}

/**
 * Reads a file of labels. One bad label is left out and counted in a warning; a file that is something else is refused.
 * @param now milliseconds
 * @throws FormatError with one sentence
 */
export function parseLabels(json: unknown, name: string, now: number): ParsedLabels {
  const file = maybeRecord(json);
  if (file?.format !== FORMAT || !Array.isArray(file.dictionaries)) {
    throw new FormatError(`${quote(name)} holds no labels. A file of labels is what "Export labels" saves.`);
  }
  if (file.version !== VERSION) {
    const found = typeof file.version === 'number' ? `version ${file.version}` : 'no version this page knows';
    throw new FormatError(`${quote(name)} has ${found}; this page reads version ${VERSION}. Reload the page to get its newest version.`);
  }
  if (file.dictionaries.length > MAX_DICTIONARIES)
    throw new FormatError(`${quote(name)} names more than ${MAX_DICTIONARIES} dictionaries.`);
  const labels = new Map<string, Label>();
  const dictionaries: LabelledDictionary[] = [];
  let left = 0;
  for (const entry of file.dictionaries as unknown[]) {
    const { hash, labels: rows, ...rest } = maybeRecord(entry) ?? {};
    if (typeof hash !== 'string' || !HASH.test(hash) || !Array.isArray(rows)) {
      left += Array.isArray(rows) ? rows.length : 1;
      continue;
    }
    if (labels.size + rows.length > MAX_LABELS) throw new FormatError(`${quote(name)} holds more than ${MAX_LABELS} labels.`);
    dictionaries.push({ hash, id: shortName(rest.id), model: shortName(rest.model), hook: shortName(rest.hook) });
    for (const row of rows as unknown[]) {
      const label = readLabel({ ...maybeRecord(row), hash }, now);
      if (!label) left++;
      else if (!isOlder(label, labels.get(labelKey(label)))) labels.set(labelKey(label), label);
    }
  }
  const warnings = left === 0 ? [] : [leftOut(left)];
  return { labels: [...labels.values()], dictionaries, warnings };
}

function leftOut(n: number): string {
  const [what, were] = n === 1 ? ['entry', 'was'] : ['entries', 'were'];
  return `${n} ${what} of the file ${were} left out: no number, no text, no date, or over ${MAX_LABEL_LENGTH} characters.`;
}

function shortName(value: unknown): string {
  return typeof value === 'string' ? cleanText(value).slice(0, MAX_NAME_LENGTH) : '';
}

function isOlder(label: Label, than: Label | undefined): boolean {
  return than !== undefined && label.changed < than.changed;
}

/** The newer of two labels for one latent wins; of equally old ones, the one here. */
export function mergeLabels(here: ReadonlyMap<string, Label>, incoming: readonly Label[]): LabelMerge {
  const merge: LabelMerge = { write: [], added: 0, changed: 0, unchanged: 0, newerHere: 0 };
  for (const label of incoming) {
    const mine = here.get(labelKey(label));
    if (!mine) merge.added++;
    else if (mine.text === label.text || mine.changed >= label.changed) {
      merge.unchanged++;
      if (mine.text !== label.text) merge.newerHere++;
      continue;
    } else merge.changed++;
    merge.write.push(label);
  }
  return merge;
}
