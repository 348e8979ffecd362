/**
 * Published dictionaries: what is to be had at a source, and fetching one of them. Names and sizes come from the hub's
 * list (or from the list inside a zip), then headers by ranges, so that what cannot be right is refused before its weights
 * are fetched. What arrives is kept as it arrives, and forgotten once the dictionary is in the library.
 */
import { EngineError, UsageError } from '../../core/errors.ts';
import { FormatError, type BlobLike } from '../../core/formats/bytes.ts';
import { crc32 } from '../../core/formats/crc32.ts';
import { baseName, folderOf, join } from '../../core/formats/dictionaries/files.ts';
import { findDictionaryFolders, isWithin, type DictionaryFolder } from '../../core/formats/dictionaries/folders.ts';
import { listDictionaryFiles } from '../../core/formats/dictionaries/open.ts';
import { MAX_JSON_BYTES } from '../../core/formats/dictionaries/saelens.ts';
import { inflate } from '../../core/formats/inflate.ts';
import { listNames, quote } from '../../core/formats/text.ts';
import { DEFLATED, isZip, listZip, locateEntry, type ZipEntry } from '../../core/formats/zip.ts';
import { MAIN } from '../../core/lm/modelId.ts';
import type { FoundDictionary, PublishedPlan, PublishedSource } from '../../api/dictionaries.ts';
import { ask, CutError, PATIENCE, type AskOptions, type Patience } from './ask.ts';
import { createBegunNotes, type BegunDictionary } from './begun.ts';
import { fetchHubFile, type HubFile } from './fetchFile.ts';
import { hold, unlessFetched } from './hold.ts';
import type { HubOptions } from './hub.ts';
import { lengthOf } from './length.ts';
import { createMeter, type Meter } from './meter.ts';
import { bytesHeld, createPartStore, type PartStore } from './parts.ts';
import type { Asked } from './refusal.ts';
import { createRemoteFile, PeekError, type RemoteStretch } from './remoteFile.ts';
import { askSurely, isPlainPath, listFiles, probe } from './repository.ts';
import { placeOf, type FilePlace, type HubPlace, type SourcePlace } from './source.ts';
import { validatorOf } from './version.ts';

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

/** A file that can be looked into and fetched. */
interface SourceFile {
  path: string;
  bytes: number;
  /** What is fetched; of a deflated entry, its packed bytes. */
  file: HubFile & { bytes: number };
  /** Read by ranges; absent: it cannot be. */
  remote?: BlobLike;
  /** Set for an entry of a zip. */
  entry?: ZipEntry;
}

/** What lies at a place. */
interface Listing {
  files: Map<string, SourceFile>;
  found: DictionaryFolder[];
  sourceOf: (path: string) => PublishedSource;
}

/** The largest compressed entry that is unpacked; weights are usually stored. */
const MOST_INFLATED = 512 * 2 ** 20;
/** What a mirror without a list is asked for in a folder. */
const USUAL_FILES = ['cfg.json', 'sae_weights.safetensors', 'sae.safetensors', 'sparsity.safetensors', 'ae.pt', 'config.json'];
const ZIP_IN_PATH = /^(.*?\.zip)(?:\/(.*))?$/i;

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
      const { found, files, sourceOf } = await look(place, { signal, patience, onNote: () => {} });
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
      const listing = await look(place, asking);
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

function hostOf(place: SourcePlace): string {
  return place.kind === 'hub' ? place.host : `${new URL(place.url).origin}/`;
}

/** The topmost folders of what is imported: they may name the hook. */
function titleOf(place: SourcePlace): string {
  if (place.kind === 'hub') return baseName(place.model.hub);
  const { host, pathname } = new URL(place.url);
  const folder = folderOf(pathname).slice(1);
  return join(host.replaceAll(':', '_'), isPlainPath(folder) ? folder : '').replace(/\/$/, '');
}

/** Without its query, which may hold what lets one person in. */
function addressOf({ url }: FilePlace): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

function isPrivate(place: SourcePlace): boolean {
  return place.kind === 'file' && new URL(place.url).search !== '';
}

/** For a person too. */
function idOf(place: SourcePlace, { path }: DictionaryFolder): string {
  if (place.kind === 'file') return [addressOf(place), ...(path === '' || path === place.name ? [] : [path])].join(' ');
  const { hub, revision } = place.model;
  return [revision === MAIN ? hub : `${hub}@${revision}`, ...(path === '' ? [] : [path])].join('/');
}

function askedOf(place: SourcePlace, path: string): Asked {
  return place.kind === 'hub'
    ? { model: place.model, host: place.host, path }
    : { model: { hub: new URL(place.url).host, revision: 'main' }, host: hostOf(place), path };
}

function originOf(place: SourcePlace, { path }: DictionaryFolder): string {
  if (place.kind === 'file') return `Fetched from ${addressOf(place)}.`;
  const { hub, revision } = place.model;
  return `Fetched from ${hub} on ${new URL(place.host).host}, revision ${revision}${path === '' ? '' : `, ${path}`}.`;
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

/** @throws FormatError when there is no dictionary */
async function look(place: SourcePlace, asking: AskOptions): Promise<Listing> {
  return place.kind === 'hub' ? lookInRepository(place, asking) : lookAtFile(place, asking);
}

async function lookInRepository(place: HubPlace, asking: AskOptions): Promise<Listing> {
  const { host, model } = place;
  const [, zip, inside] = ZIP_IN_PATH.exec(place.path) ?? [];
  const wanted = zip ?? place.path;
  const isFile = /\.(zip|pt|pth|npz|safetensors|json)$/i.test(wanted);
  const folder = isFile ? folderOf(wanted) : wanted;
  const listed = (await listFiles({ host, model }, asking, folder)) ?? (await askForUsual(place, folder, isFile ? wanted : '', asking));
  const files = new Map<string, SourceFile>();
  for (const [path, { url, ...rest }] of listed) {
    if (!isWithin(path, folder)) continue;
    const at = encodePath(url, path);
    const askRange = (headers: Record<string, string>) => askSurely(at, headers, { host, model }, path, asking);
    files.set(path, { path, bytes: rest.bytes, file: { ...rest, url: at }, remote: createRemoteFile(askRange, rest.bytes, path) });
  }
  const sourceOf = (path: string): PublishedSource => ({ ...model, folder: path });
  const found = findDictionaryFolders([...files.values()], wanted);
  if (found.length === 0) {
    const where = wanted === '' ? model.hub : `${quote(wanted)} of ${model.hub}`;
    throw new FormatError(
      files.size === 0
        ? `There is nothing at ${where} (revision ${quote(model.revision)}). Check the folder.`
        : `No dictionary was found at ${where}; there are ${listNames([...files.keys()])}.`,
    );
  }
  return found.length === 1 && found[0].format === 'zip'
    ? lookIntoZip(files.get(found[0].files[0])!, inside ?? '', sourceOf)
    : { files, found, sourceOf };
}

/** The list gives addresses as transformers.js makes them, which leaves odd letters as they are. */
function encodePath(url: string, path: string): string {
  return `${url.slice(0, url.length - path.length)}${path.split('/').map(encodeURIComponent).join('/')}`;
}

async function askForUsual(place: HubPlace, folder: string, wanted: string, asking: AskOptions) {
  const names = wanted === '' ? USUAL_FILES : [...new Set([baseName(wanted), ...USUAL_FILES.filter((name) => name.endsWith('.json'))])];
  const asked = await Promise.all(names.map((name) => probe(place, join(folder, name), asking)));
  return new Map(asked.flatMap((file) => (file ? [[file.path, file] as const] : [])));
}

/** A file of any server, and what belongs beside it. */
async function lookAtFile(place: FilePlace, asking: AskOptions): Promise<Listing> {
  const sibling = (name: string) => new URL(encodeURIComponent(name), place.url).href;
  const [main, ...beside] = await Promise.all([
    probeFile(place.url, place.name, asking, true),
    ...besideOf(place.name).map((name) => probeFile(sibling(name), name, asking, false)),
  ]);
  const files = new Map([main, ...beside].flatMap((file) => (file ? [[file.path, file] as const] : [])));
  const sourceOf = (path: string): PublishedSource =>
    isWithin(path, place.name) && path !== place.name ? { url: `${place.url}#${path.slice(place.name.length + 1)}` } : { url: place.url };
  const found = findDictionaryFolders([...files.values()]);
  if (found.length === 0) {
    throw new FormatError(
      `${quote(place.name)} comes without the cfg.json that has to lie beside it on ${new URL(place.url).host}. Download its folder, and drop it here.`,
    );
  }
  return found[0].format === 'zip' ? lookIntoZip(main!, place.inside, sourceOf) : { files, found, sourceOf };
}

function besideOf(name: string): string[] {
  if (name.endsWith('.safetensors')) return ['cfg.json', 'sparsity.safetensors'].filter((other) => other !== name);
  return name === 'ae.pt' ? ['config.json'] : [];
}

/** @throws what says why; where it is not needed, undefined is enough */
async function probeFile(url: string, name: string, asking: AskOptions, needed: boolean): Promise<SourceFile | undefined> {
  const where = new URL(url).host;
  const request = async (headers: Record<string, string>) => {
    try {
      return await ask(url, headers, { model: { hub: where, revision: 'main' }, host: `${new URL(url).origin}/`, path: name }, asking);
    } catch (error) {
      if (!(error instanceof CutError)) throw error;
      throw new EngineError(
        `${quote(name)} cannot be fetched from ${where}: either it cannot be reached, or it does not let pages of others read its files. Download the file, and drop it here.`,
        { cause: error },
      );
    }
  };
  let response: Response;
  try {
    response = await request({ Range: 'bytes=0-0' });
  } catch (error) {
    if (needed || !(error instanceof EngineError)) throw error;
    return undefined;
  }
  void response.body?.cancel().catch(() => undefined);
  const isPage = /text\/html/i.test(response.headers.get('content-type') ?? '');
  if (!needed && (!response.ok || isPage)) return undefined;
  if (!response.ok)
    throw new UsageError(
      `${where} answered ${response.status} for ${quote(name)}: there is no such file, or not for everybody. Check the address.`,
    );
  if (isPage) throw new FormatError(`${where} sent a web page where ${quote(name)} should be. Take the address of the file itself.`);
  const bytes = await lengthOf(response, request);
  if (bytes === undefined) throw new FormatError(`${where} does not say how long ${quote(name)} is, so it is not fetched.`);
  const file = { url, bytes, validator: validatorOf(response.headers) };
  return { path: name, bytes, file, remote: createRemoteFile(request, bytes, name) };
}

/** The dictionaries in a zip, of which each can be fetched alone. */
async function lookIntoZip(zip: SourceFile, inside: string, sourceOf: Listing['sourceOf']): Promise<Listing> {
  let entries: ZipEntry[];
  try {
    if (!(await isZip(zip.remote!))) throw new FormatError(`${quote(zip.path)} is no zip, whatever its name says.`);
    entries = await listZip(zip.remote!, zip.path);
  } catch (error) {
    if (!(error instanceof PeekError)) throw error;
    throw new FormatError(
      `${quote(zip.path)} can only be had whole from there. Download it, unpack it and drop the folder of the dictionary you want.`,
      { cause: error },
    );
  }
  // Without its hash, which says nothing of an entry.
  const { url, oid, validator } = zip.file;
  const files = new Map<string, SourceFile>();
  for (const entry of entries) {
    if (entry.path.endsWith('/') || entry.size === 0 || !isPlainPath(entry.path)) continue;
    const path = join(zip.path, entry.path);
    files.set(path, { path, bytes: entry.size, file: { url, bytes: zip.bytes, oid, validator }, remote: zip.remote!, entry });
  }
  const within = inside === '' ? zip.path : join(zip.path, inside);
  const found = findDictionaryFolders([...files.values()], within).filter(({ format }) => format !== 'zip');
  if (found.length === 0) throw new FormatError(`No dictionary was found in ${quote(within)}; there are ${listNames([...files.keys()])}.`);
  return { files, found, sourceOf };
}

/** The files of a dictionary, those in a zip found in it. @throws FormatError for what cannot be fetched */
async function locate({ files }: DictionaryFolder, all: Listing['files']): Promise<SourceFile[]> {
  const located: SourceFile[] = [];
  for (const path of files) {
    const file = all.get(path)!;
    if (path.endsWith('.json') && file.bytes > MAX_JSON_BYTES) {
      throw new FormatError(
        `${quote(path)} has ${file.bytes} bytes; at most ${MAX_JSON_BYTES} are read. It is probably not the file its name says.`,
      );
    }
    located.push(file.entry ? await locateInZip(file, file.entry) : file);
  }
  return located;
}

async function locateInZip(file: SourceFile, entry: ZipEntry): Promise<SourceFile> {
  if (entry.method === DEFLATED && entry.size > MOST_INFLATED) {
    throw new FormatError(`${quote(entry.path)} unpacks to more than 512 MiB. Download the zip, unpack it and drop the folder.`);
  }
  const data = (await locateEntry(file.remote!, file.path, entry)) as RemoteStretch;
  const { url, bytes: of, oid, validator } = file.file;
  const stretch = { from: data.at, of };
  const located: SourceFile = {
    path: file.path,
    bytes: file.bytes,
    entry,
    file: { url: `${url}#${data.at}-${data.at + data.size}`, bytes: data.size, stretch, oid, validator },
  };
  return entry.method === DEFLATED ? located : { ...located, remote: data };
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
