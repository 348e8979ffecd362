/** `featurescope.labels`: names from ids to hashes, refuses what is wrong, tells who listens. */
import type { LabelStore } from '../cache/labelStore.ts';
import type { Tabs } from '../cache/tabs.ts';
import { UsageError } from '../core/errors.ts';
import { FormatError } from '../core/formats/bytes.ts';
import {
  checkLabelText,
  labelKey,
  MAX_LABELS_BYTES,
  mergeLabels,
  parseLabels,
  writeLabels,
  type Label,
  type ParsedLabels,
} from '../core/formats/labels.ts';
import { identifyFile, listNames, quote, readJson } from '../core/formats/text.ts';
import type { DictionaryInfo } from '../api/dictionaries.ts';
import type { FeaturescopeApi } from '../api/featurescope.ts';
import type { FileIn } from '../api/model.ts';
import { toFiles } from './files.ts';
import type { Signal } from './signal.ts';

interface LabelsNeeds {
  labels: LabelStore;
  tabs: Tabs;
  /** Told of every change. */
  signal: Signal;
  dictionaries: () => Promise<DictionaryInfo[]>;
  /** Called after something was kept. */
  askToPersist: () => void;
  now?: () => number;
}

export function createLabels(needs: LabelsNeeds): FeaturescopeApi['labels'] {
  const { labels: store, tabs, signal, dictionaries, askToPersist, now = Date.now } = needs;
  let known: DictionaryInfo[] = [];

  /** An id's tensors never change while the page is open, so the worker, which may be busy, is asked only for new ones. */
  const find = async (id: string): Promise<DictionaryInfo> => {
    const listed = () => known.find((d) => d.id === id);
    if (!listed()) known = await dictionaries();
    return checkLabelled(listed(), id);
  };
  const select = async (id: string | undefined): Promise<Label[]> => {
    const hash = id === undefined ? undefined : (await find(id)).hash;
    const all = [...(await store.all()).values()].filter((label) => hash === undefined || label.hash === hash);
    return all.sort((a, b) => (a.hash === b.hash ? a.latent - b.latent : a.hash < b.hash ? -1 : 1));
  };
  const change = async (write: Label[], remove: string[] = []) => {
    if (write.length + remove.length === 0) return;
    const kept = store.change(write, remove);
    // Seen at once; keeping it takes its time.
    signal.tell();
    await kept;
    tabs.say('labels');
    if (write.length > 0) askToPersist();
  };

  const importFile = async (file: FileIn) => {
    const parsed = await readLabels(file, now());
    known = await dictionaries();
    const { labels, warnings } = fitting(parsed, known);
    const { write, newerHere, ...counts } = mergeLabels(await store.all(), labels);
    if (newerHere > 0) warnings.push(newerWords(newerHere));
    await change(write);
    const problem = store.problem();
    return { ...counts, warnings: problem && write.length > 0 ? [...warnings, problem] : warnings };
  };

  tabs.subscribe((what) => {
    if (what === 'labels') void store.reload().then(signal.tell);
  });

  return {
    list: select,
    async set(dictionary, latent, text) {
      const { hash, d_sae } = await find(dictionary);
      checkLatent(dictionary, latent, d_sae);
      const clean = checkLabelText(text);
      const key = labelKey({ hash, latent });
      if (clean === ((await store.all()).get(key)?.text ?? '')) return;
      await (clean === '' ? change([], [key]) : change([{ hash, latent, text: clean, changed: new Date(now()).toISOString() }]));
    },
    async export(dictionary) {
      known = await dictionaries();
      const json = writeLabels(await select(dictionary), known, new Date(now()).toISOString());
      return new Blob([json], { type: 'application/json' });
    },
    import: importFile,
    problem: () => store.problem(),
    subscribe: signal.subscribe,
  };
}

/** @throws UsageError unless labels can be kept for it */
function checkLabelled(found: DictionaryInfo | undefined, id: string): DictionaryInfo {
  if (!found) throw new UsageError(`There is no dictionary called "${quote(String(id))}" here, so it has no labels.`);
  if (found.hash !== '') return found;
  throw new UsageError('Labels need a page opened over https or from this machine: without one the browser cannot tell weights apart.');
}

/** @throws UsageError */
function checkLatent(dictionary: string, latent: number, d_sae: number): void {
  if (Number.isInteger(latent) && latent >= 0 && latent < d_sae) return;
  throw new UsageError(`Latent ${String(latent)} does not exist; ${quote(dictionary)} has ${d_sae} (counted from 0).`);
}

/** @throws UsageError; FormatError */
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
