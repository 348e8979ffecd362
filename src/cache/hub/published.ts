/**
 * Published dictionaries: what is to be had at a source, and fetching one of them. Names and sizes come from the hub's
 * list (or from the list inside a zip), then headers by ranges, so that what cannot be right is refused before its weights
 * are fetched. What arrives is kept as it arrives, and forgotten once the dictionary is in the library.
 */
import { EngineError, UsageError } from '../../core/errors.ts';
import { FormatError } from '../../core/formats/bytes.ts';
import { crc32 } from '../../core/formats/crc32.ts';
import { baseName, join } from '../../core/formats/dictionaries/files.ts';
import { isWithin, type DictionaryFolder } from '../../core/formats/dictionaries/folders.ts';
import { listDictionaryFiles } from '../../core/formats/dictionaries/open.ts';
import { inflate } from '../../core/formats/inflate.ts';
import { listNames, quote } from '../../core/formats/words.ts';
import { DEFLATED } from '../../core/formats/zip.ts';
import type { FoundDictionary, PublishedPlan, PublishedSource } from '../../api/dictionaries.ts';
import { PATIENCE, type AskOptions, type Patience } from './ask.ts';
import { createBegunNotes, type BegunDictionary } from './begun.ts';
import { fetchHubFile } from './fetchFile.ts';
import { hold, unlessFetched } from './hold.ts';
import type { HubOptions } from './hub.ts';
import { createMeter, type Meter } from './meter.ts';
import { bytesHeld, createPartStore, type PartStore } from './parts.ts';
import { PeekError } from './remoteFile.ts';
import { placeOf, type SourcePlace } from './source.ts';
import { listPlace, locate, type SourceFile } from './listing.ts';
import { hostOf, idOf, isPrivate, originOf, askedOf, titleOf } from './placeNames.ts';

export interface FetchedDictionary {
  /** With the repository's folders, which name hooks. */
  files: { path: string; data: Blob }[];
  /** Where they came from, as a sentence. */
  origin: string;
  /** The same for a program; absent for an address with a query, which may hold what lets one person in. */
  from?: PublishedSource;
  /** Repository; '' for an address outside a hub. */
  hub: string;
  folder: string;
  /** Gives back the room of what arrived: it is in the library now, or of no use. */
  forget(): Promise<void>;
}

export interface PublishedHub {
  /** @throws UsageError for what is not there or no source; FormatError for what cannot be a dictionary; EngineError; AbortedError */
  plan(source: PublishedSource, host: string, signal: AbortSignal): Promise<PublishedPlan>;
  /**
   * Fetches the one dictionary at a source. A cancelled or failed one leaves what has arrived, and the next call goes on there.
   * @throws as `plan`; UsageError when there are several
   */
  fetch(source: PublishedSource, host: string, options: HubOptions): Promise<FetchedDictionary>;
  /** What has arrived of dictionaries that are not in the library. */
  begun(): Promise<BegunDictionary[]>;
  /** Deletes it. @throws UsageError while it is being fetched */
  remove(id: string): Promise<void>;
}

export interface PublishedSettings {
  name?: string;
  patience?: Patience;
  pieceBytes?: number;
}

export function createPublishedHub({ name = 'featurescope', patience = PATIENCE, pieceBytes }: PublishedSettings = {}): PublishedHub {
  const parts = createPartStore(name);
  const notes = createBegunNotes(name, parts);
  const lockOf = (id: string) => `${name}-hub/dictionary/${id}`;
  const remove = (id: string) => unlessFetched(lockOf(id), quote(id), () => notes.remove(id));
  /** Whoever fetches it again by now still needs what is here. */
  const forget = (id: string) =>
    remove(id).catch((error: unknown) => {
      if (!(error instanceof UsageError)) throw error;
    });
  return {
    async plan(source, host, signal) {
      const place = placeOf(source, host);
      const { found, files, sourceOf } = await listPlace(place, { signal, patience, onNote: () => {} });
      const items = found.map((item) => {
        const { path: folder, format, bytes } = item;
        return { folder, format, bytes, source: sourceOf(nameAlone(item, found)) };
      });
      const single = found.length === 1 ? await locate(found[0], files) : [];
      const peeked = single.length > 0 ? await peek(single, place) : { found: [], warnings: [] };
      return { host: new URL(hostOf(place)).host, items, ...peeked, here: sum(await hereOf(parts, single)) };
    },
    async fetch(source, host, { signal, onProgress }) {
      const place = placeOf(source, host);
      onProgress({ stage: 'fetching', loaded: 0, total: 0 });
      const meter = createMeter((progress) => onProgress({ stage: 'fetching', ...progress }));
      const asking: AskOptions = { signal, patience, onNote: meter.note };
      const listing = await listPlace(place, asking);
      const chosen = theOne(listing.found, place);
      const id = idOf(place, chosen);
      const release = await hold(lockOf(id));
      if (!release) throw new UsageError(`${quote(id)} is being fetched in another tab of this page. Wait for it there.`);
      try {
        const files = await locate(chosen, listing.files);
        await peek(files, place);
        await notes.begin(
          id,
          files.map(({ file }) => file),
        );
        const means = { parts, asking, meter, ...(pieceBytes && { pieceBytes }) };
        const fetched = await fetchFiles(files, place, means);
        const hub = place.kind === 'hub' ? place.model.hub : '';
        const from = isPrivate(place) ? undefined : listing.sourceOf(nameAlone(chosen, listing.found));
        const origin = { origin: originOf(place, chosen), ...(from && { from }) };
        return { files: fetched, ...origin, hub, folder: chosen.path, forget: () => forget(id) };
      } finally {
        release();
      }
    },
    begun: () => notes.list(),
    remove,
  };
}

interface Means {
  parts: PartStore;
  asking: AskOptions;
  meter: Meter;
  pieceBytes?: number;
}

async function fetchFiles(
  files: readonly SourceFile[],
  place: SourcePlace,
  { parts, asking, meter, ...rest }: Means,
): Promise<FetchedDictionary['files']> {
  const arrived = await hereOf(parts, files);
  meter.begin(sum(arrived), sum(files.map(({ file }) => file.bytes)));
  const fetched: FetchedDictionary['files'] = [];
  for (const [i, one] of files.entries()) {
    const onBytes = (loaded: number) => {
      meter.add(loaded - arrived[i]);
      arrived[i] = loaded;
    };
    const blob = await fetchHubFile(one.file, askedOf(place, one.path), { ...asking, ...rest, parts, onBytes });
    if (!blob) throw new EngineError(`${one.path} was there a moment ago and is gone. Try again.`);
    if (one.entry?.method === DEFLATED) asking.onNote(`Unpacking ${baseName(one.path)}.`);
    const data = await unpack(one, blob, asking.signal).catch(async (error: unknown) => {
      if (error instanceof FormatError) await parts.forget(one.file.url);
      throw error;
    });
    asking.onNote(null);
    fetched.push({ path: join(titleOf(place), one.path), data });
  }
  return fetched;
}

/** @throws UsageError unless there is one */
function theOne(found: DictionaryFolder[], place: SourcePlace): DictionaryFolder {
  if (found.length === 1) return found[0];
  const names = listNames(found.map(({ path }) => path));
  throw new UsageError(
    `${titleOf(place)} holds ${found.length} dictionaries here (${names}). Name the folder of one; dictionaries.plan lists them.`,
  );
}

/** A folder that holds others beside its own dictionary is named by its largest file. */
function nameAlone(item: DictionaryFolder, found: readonly DictionaryFolder[]): string {
  const holdsOthers = found.some((other) => other !== item && isWithin(other.path, item.path));
  return holdsOthers ? item.files[item.files.length - 1] : item.path;
}

async function hereOf(parts: PartStore, files: readonly SourceFile[]): Promise<number[]> {
  return Promise.all(files.map(({ file }) => bytesHeld(parts, file)));
}

/** What headers say, before any weights. @throws FormatError when it is no dictionary, or its sizes cannot be */
async function peek(files: readonly SourceFile[], place: SourcePlace): Promise<{ found: FoundDictionary[]; warnings: string[] }> {
  if (!files.every(({ remote }) => remote)) return { found: [], warnings: [] };
  try {
    return await listDictionaryFiles(files.map(({ path, remote }) => ({ path: join(titleOf(place), path), data: remote! })));
  } catch (error) {
    if (error instanceof PeekError) return { found: [], warnings: [] };
    throw error;
  }
}

/** @throws FormatError when the bytes are not those that the zip's list tells of */
async function unpack({ entry, path }: SourceFile, blob: Blob, signal: AbortSignal): Promise<Blob> {
  if (!entry) return blob;
  const data = entry.method === DEFLATED ? await inflate(blob, entry.size, quote(path), signal) : blob;
  if ((await crc32(data)) !== entry.crc) {
    throw new FormatError(
      `${quote(path)} does not match its checksum in the zip: it was damaged on its way. What arrived was thrown away; try again.`,
    );
  }
  return data as Blob;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
