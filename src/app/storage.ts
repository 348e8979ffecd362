/** `featurescope.storage`: what this site keeps in the browser, how much room there is, and deleting it. */
import type { LabelStore } from '../cache/labelStore.ts';
import type { DictionaryInfo } from '../api/dictionaries.ts';
import type { KeptModel } from '../api/model.ts';
import type { FeaturescopeApi } from '../api/featurescope.ts';
import type { StorageUse, StoredKind } from '../api/storage.ts';
import type { SettingsStore } from '../cache/settings.ts';
import type { Tabs } from '../cache/tabs.ts';
import { UsageError } from '../core/errors.ts';
import { labelKey, type Label } from '../core/formats/labels.ts';
import { quote } from '../core/formats/words.ts';

type Item = StorageUse['items'][number];

/** Files kept so that the page works offline. */
interface OfflineFiles {
  bytes(): Promise<number>;
  remove(): Promise<void>;
  problem(): string | null;
}

/** Of a published dictionary: bytes in all, and those that are here. */
interface Download {
  id: string;
  bytes: number;
  here: number;
}

interface StorageNeeds {
  labels: LabelStore;
  settings: SettingsStore;
  tabs: Tabs;
  manager?: StorageManager | undefined;
  offline?: OfflineFiles;
  dictionaries: () => Promise<DictionaryInfo[]>;
  /** Ids of the dictionaries that will be here at the next visit. */
  keptDictionaries: () => Promise<string[]>;
  removeDictionary: (id: string) => Promise<void>;
  /** Models of the hub, whole and begun; absent where none are kept. */
  models?: { kept: () => Promise<KeptModel[]>; remove: (id: string) => Promise<void> };
  /** Published dictionaries that were not fetched to their end. */
  downloads?: { begun: () => Promise<Download[]>; remove: (id: string) => Promise<void> };
  /** Indices of features; absent where none are kept. */
  indices?: { stored: () => Promise<{ id: string; label: string; bytes: number }[]>; remove: (id: string) => Promise<void> };
  labelsChanged: () => void;
  /** Runs and texts; absent where nothing is trained. */
  training?: {
    stored: () => Promise<Item[]>;
    removeRun: (id: string) => Promise<void>;
    removeCorpus: (name: string) => Promise<void>;
  };
}

/** The only id of kinds that have one item. */
const ALL = 'all';

/** Above this share of the quota the next save may fail. */
const NEARLY_FULL = 0.95;

export function createStorage(need: StorageNeeds): { api: FeaturescopeApi['storage']; askOnce: () => void } {
  const { settings, manager, offline } = need;
  let asked = false;
  const persist = async () => (await manager?.persist?.().catch(() => false)) ?? false;

  const api: FeaturescopeApi['storage'] = {
    usage: () => usage(need),
    persist,
    async remove(kind, id) {
      if (kind === 'dictionary') return need.removeDictionary(id);
      if (kind === 'download') return need.downloads?.remove(id);
      if (kind === 'model') return need.models?.remove(id);
      if (kind === 'index') return need.indices?.remove(id);
      if (kind === 'labels') return removeLabels(need, id);
      if (kind === 'settings') return settings.clear();
      if (kind === 'offline') return offline?.remove();
      if (kind === 'run') return need.training?.removeRun(id);
      if (kind === 'corpus') return need.training?.removeCorpus(id);
      throw new UsageError(
        `There is nothing of the kind "${quote(String(kind))}" here; kinds are dictionary, download, model, run, corpus, index, labels, offline and settings.`,
      );
    },
  };
  return {
    api,
    /** After the first save there is something to keep: asks the browser not to evict it. A no changes nothing. */
    askOnce() {
      if (asked) return;
      asked = true;
      void persist();
    },
  };
}

/** What is kept, and how much room there is. */
async function usage(need: StorageNeeds): Promise<StorageUse> {
  const { labels, settings, manager, offline } = need;
  const listed = await need.dictionaries();
  const [estimate, persisted, kept, mine, offlineBytes, trained, models, downloads, indices] = await Promise.all([
    manager?.estimate?.().catch(() => undefined),
    manager?.persisted?.().catch(() => undefined),
    need.keptDictionaries(),
    labels.kept(),
    offline?.bytes() ?? 0,
    need.training?.stored() ?? [],
    need.models?.kept().catch(() => []) ?? [],
    need.downloads?.begun().catch(() => []) ?? [],
    need.indices?.stored().catch(() => []) ?? [],
  ]);
  const dictionaries = listed.filter(({ id }) => kept.includes(id));
  const { usage: used = null, quota = null } = estimate ?? {};
  const blocked = [labels.problem(), settings.problem()].filter((problem) => problem !== null);
  const problems = [...blocked, offline?.problem() ?? null, fullness(used, quota)].filter((problem) => problem !== null);
  return {
    used,
    quota,
    persisted: persisted ?? null,
    available: blocked.length === 0,
    ...(problems.length > 0 && { problem: problems.join(' ') }),
    items: [
      ...dictionaries.map(({ id, label, bytes }): Item => ({ kind: 'dictionary', id, label, bytes })),
      ...models.map(modelItem),
      ...downloads.filter(({ here }) => here > 0).map(downloadItem),
      ...trained,
      ...indices.map((index): Item => ({ kind: 'index', ...index })),
      ...labelItems(mine, listed),
      ...only('offline', 'The page itself, so that it works offline', offlineBytes),
      ...only('settings', 'Settings', settings.bytes()),
    ],
  };
}

/** The one item of a kind that has one, where there is anything of it. */
function only(kind: StoredKind, label: string, bytes: number): Item[] {
  return bytes > 0 ? [{ kind, id: ALL, label, bytes }] : [];
}

function modelItem({ id, here, bytes, whole }: KeptModel): Item {
  const part = whole ? '' : ` (${Math.floor((100 * here) / bytes)} % of it, to go on with)`;
  return { kind: 'model', id, label: `The model ${id}${part}`, bytes: here };
}

function downloadItem({ id, here, bytes }: Download): Item {
  const part = `${Math.floor((100 * here) / bytes)} %`;
  return { kind: 'download', id, label: `The beginning of the dictionary ${id} (${part})`, bytes: here };
}

function fullness(used: number | null, quota: number | null): string | null {
  if (used === null || !quota || used < NEARLY_FULL * quota) return null;
  return 'Nearly all the room that the browser gives this page is used. What is opened next may not be kept; delete something below, or export it.';
}

/** One item a dictionary, named by it when it is here. */
function labelItems(labels: Label[], dictionaries: DictionaryInfo[]): Item[] {
  return [...new Set(labels.map(({ hash }) => hash))].map((hash) => {
    const mine = labels.filter((label) => label.hash === hash);
    const of = dictionaries.find((d) => d.hash === hash)?.label ?? 'a dictionary that is not here';
    return { kind: 'labels', id: hash, label: `${mine.length} ${mine.length === 1 ? 'label' : 'labels'} of ${of}`, bytes: bytesOf(mine) };
  });
}

function bytesOf(labels: Label[]): number {
  return new TextEncoder().encode(JSON.stringify(labels)).length;
}

async function removeLabels({ labels, labelsChanged, tabs }: StorageNeeds, hash: string): Promise<void> {
  const mine = [...(await labels.all()).values()].filter((label) => label.hash === hash);
  await labels.change([], mine.map(labelKey));
  labelsChanged();
  tabs.say('labels');
}
