/** What lies at a place: the files of a repository, of a folder, of a zip, and the dictionaries among them, before any is fetched. */
import type { HubFile } from './fetchFile.ts';
import { type BlobLike, FormatError } from '../../core/formats/bytes.ts';
import { type ZipEntry, isZip, listZip, DEFLATED, locateEntry } from '../../core/formats/zip.ts';
import { type DictionaryFolder, isWithin, findDictionaryFolders } from '../../core/formats/dictionaries/folders.ts';
import type { PublishedSource } from '../../core/sae/types.ts';
import type { SourcePlace, HubPlace, FilePlace } from './source.ts';
import { type AskOptions, ask, CutError } from './ask.ts';
import { folderOf, baseName, join } from '../../core/formats/dictionaries/files.ts';
import { listFiles, askSurely, probe, isPlainPath } from './repository.ts';
import { createRemoteFile, PeekError, type RemoteStretch } from './remoteFile.ts';
import { quote, listNames } from '../../core/formats/words.ts';
import { EngineError, UsageError } from '../../core/errors.ts';
import { lengthOf } from './length.ts';
import { validatorOf } from './version.ts';
import { MAX_JSON_BYTES } from '../../core/formats/dictionaries/saelens.ts';

/** A file that can be looked into and fetched. */
export interface SourceFile {
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

/** @throws FormatError when there is no dictionary */
export async function listPlace(place: SourcePlace, asking: AskOptions): Promise<Listing> {
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
export async function locate({ files }: DictionaryFolder, all: Listing['files']): Promise<SourceFile[]> {
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
