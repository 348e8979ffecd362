/** The JSON file that labels travel in: written, read and checked, and joined with those that are here. */
import { FormatError } from './bytes.ts';
import { cleanText, LABEL_HASH, labelKey, MAX_LABEL_LENGTH, readLabel, type Label } from './labels.ts';
import { maybeRecord, quote } from './words.ts';

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

/** A dictionary has at most some hundred thousand latents, and people label few of them. */
export const MAX_LABELS_BYTES = 32 * 2 ** 20;

const FORMAT = 'featurescope-labels';
const VERSION = 1;
const MAX_LABELS = 200_000;
const MAX_DICTIONARIES = 10_000;
const MAX_NAME_LENGTH = 300;

/**
 * @param known dictionaries that may own labels; a hash without one is written without a name
 * @param now ISO time
 */
export function writeLabels(labels: readonly Label[], known: readonly LabelledDictionary[], now: string): string {
  const hashes = [...new Set(labels.map((label) => label.hash))];
  const dictionaries = hashes.map((hash) => {
    const { id = '', model = '', hook = '' } = known.find((d) => d.hash === hash) ?? {};
    const mine = labels.filter((label) => label.hash === hash).sort((a, b) => a.latent - b.latent);
    return { hash, id, model, hook, labels: mine.map(({ hash: _, ...label }) => label) };
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
    if (typeof hash !== 'string' || !LABEL_HASH.test(hash) || !Array.isArray(rows)) {
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

function isSame(a: Label, b: Label): boolean {
  return a.text === b.text && JSON.stringify(a.evidence) === JSON.stringify(b.evidence);
}

/** The newer of two labels for one latent wins; of equally old ones, the one here. */
export function mergeLabels(here: ReadonlyMap<string, Label>, incoming: readonly Label[]): LabelMerge {
  const merge: LabelMerge = { write: [], added: 0, changed: 0, unchanged: 0, newerHere: 0 };
  for (const label of incoming) {
    const mine = here.get(labelKey(label));
    if (!mine) merge.added++;
    else if (isSame(mine, label) || mine.changed >= label.changed) {
      merge.unchanged++;
      if (!isSame(mine, label)) merge.newerHere++;
      continue;
    } else merge.changed++;
    merge.write.push(label);
  }
  return merge;
}
