/** Files of labels that a person exports and imports. */
import { FormatError } from '../core/formats/bytes.ts';
import type { Label } from '../core/formats/labels.ts';
import { MAX_LABELS_BYTES, mergeLabels, parseLabels, type ParsedLabels } from '../core/formats/labelFile.ts';
import { identifyFile, readJson } from '../core/formats/text.ts';
import { listNames, quote } from '../core/formats/words.ts';
import type { DictionaryInfo } from '../api/dictionaries.ts';
import type { FileIn } from '../api/model.ts';
import { toFiles } from './files.ts';

export { writeLabels } from '../core/formats/labelFile.ts';

interface Here {
  here: ReadonlyMap<string, Label>;
  known: DictionaryInfo[];
  /** Milliseconds. */
  now: number;
}

/** @returns what is to be written, counts, and sentences about the rest. @throws UsageError; FormatError */
export async function readLabelFile(file: FileIn, { here, known, now }: Here) {
  const { labels, warnings } = fitting(await readLabels(file, now), known);
  const { newerHere, ...merge } = mergeLabels(here, labels);
  return { ...merge, warnings: newerHere > 0 ? [...warnings, newerWords(newerHere)] : warnings };
}

async function readLabels(file: FileIn, now: number): Promise<ParsedLabels> {
  const [{ path, data }] = toFiles([file]);
  const found = await identifyFile(data);
  if (/\.(csv|tsv)$/i.test(path) || found?.kind === 'text') {
    throw new FormatError(
      `${quote(path)} is a table or plain text. Labels are read from the JSON file that "Export labels" saves: it says whose they are by the hash of the weights, which a table does not.`,
    );
  }
  const { value } = await readJson(data, quote(path), MAX_LABELS_BYTES);
  return parseLabels(value, path, now);
}

/** Labels of dictionaries that are here must name a latent that exists; those of others are kept until theirs is opened. */
function fitting(
  { labels, dictionaries, warnings: before }: ParsedLabels,
  known: DictionaryInfo[],
): { labels: Label[]; warnings: string[] } {
  const sizes = new Map(known.map((d) => [d.hash, d.d_sae]));
  const fits = labels.filter(({ hash, latent }) => latent < (sizes.get(hash) ?? Infinity));
  const warnings = [...before];
  const beyond = labels.length - fits.length;
  if (beyond > 0)
    warnings.push(
      `${beyond === 1 ? '1 label names a feature' : `${beyond} labels name features`} its dictionary does not have and was left out.`,
    );
  const strange = dictionaries.filter((d) => !sizes.has(d.hash));
  if (strange.length > 0) {
    const names = listNames(strange.map((d) => d.id || d.hash.slice(0, 19)));
    warnings.push(`Labels of dictionaries that are not here are kept until theirs is opened: ${names}.`);
  }
  return { labels: fits, warnings };
}

function newerWords(n: number): string {
  return n === 1 ? '1 label here is newer than the file’s and was kept.' : `${n} labels here are newer than the file’s and were kept.`;
}
