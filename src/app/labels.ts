/** `featurescope.labels`: names from ids to hashes, refuses what is wrong, tells who listens. */
import type { LabelStore } from '../cache/labelStore.ts';
import type { Tabs } from '../cache/tabs.ts';
import { UsageError } from '../core/errors.ts';
import { checkEvidence, type LabelEvidence } from '../core/formats/evidence.ts';
import { checkLabelText, labelKey, type Label } from '../core/formats/labels.ts';
import { quote } from '../core/formats/words.ts';
import type { DictionaryInfo } from '../api/dictionaries.ts';
import type { FeaturescopeApi } from '../api/featurescope.ts';
import type { FileIn } from '../api/model.ts';
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

/** Fetched when it is first wanted. */
const labelFiles = () => import('./labelFiles.ts');

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
    return all.sort(inOrder);
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
    const { readLabelFile } = await labelFiles();
    known = await dictionaries();
    const { write, warnings, ...counts } = await readLabelFile(file, { here: await store.all(), known, now: now() });
    await change(write);
    const problem = store.problem();
    return { ...counts, warnings: problem && write.length > 0 ? [...warnings, problem] : warnings };
  };

  tabs.subscribe((what) => {
    if (what === 'labels') void store.reload().then(signal.tell);
  });

  return {
    list: select,
    async set(dictionary, latent, text, { evidence } = {}) {
      const { hash, d_sae } = await find(dictionary);
      checkLatent(dictionary, latent, d_sae);
      const clean = checkLabelText(text);
      const key = labelKey({ hash, latent });
      const before = (await store.all()).get(key);
      const behind = evidenceAfter(before, evidence);
      if (clean === (before?.text ?? '') && JSON.stringify(behind) === JSON.stringify(before?.evidence)) return;
      if (clean === '') return change([], [key]);
      await change([{ hash, latent, text: clean, changed: new Date(now()).toISOString(), ...(behind && { evidence: behind }) }]);
    },
    async export(dictionary) {
      known = await dictionaries();
      const { writeLabels } = await labelFiles();
      return new Blob([writeLabels(await select(dictionary), known, new Date(now()).toISOString())], { type: 'application/json' });
    },
    import: importFile,
    problem: () => store.problem(),
    subscribe: signal.subscribe,
  };
}

function inOrder(a: Label, b: Label): number {
  return a.hash === b.hash ? a.latent - b.latent : a.hash < b.hash ? -1 : 1;
}

/** What then stands behind a label. @throws UsageError */
function evidenceAfter(before: Label | undefined, given: LabelEvidence | null | undefined): LabelEvidence | undefined {
  if (given === undefined) return before?.evidence;
  return given === null ? undefined : checkEvidence(given);
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
