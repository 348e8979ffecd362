/** What a repository of the hub holds, and which of its files make the model. */
import { EngineError } from '../../core/errors.ts';
import { FormatError } from '../../core/formats/bytes.ts';
import { parseJson } from '../../core/formats/text.ts';
import { maybeRecord, quote } from '../../core/formats/words.ts';
import { parseConfig } from '../../core/lm/config.ts';
import type { HubModel } from '../../api/model.ts';
import { noteBytes } from '../requestLog.ts';
import { fileUrl, listUrl } from './address.ts';
import { ask, CutError, pause, type AskOptions } from './ask.ts';
import type { HubFile } from './fetchFile.ts';
import { lengthOf } from './length.ts';
import { refusal, refused } from './refusal.ts';
import { validatorOf } from './version.ts';

export interface RepositoryFile extends HubFile {
  path: string;
  bytes: number;
}

interface Place {
  host: string;
  model: Required<HubModel>;
}

/** Gives a file of the repository, undefined when it is not there. */
type Find = (path: string) => Promise<RepositoryFile | undefined>;

/** Larger answers are no list of a model's files, nor its settings. */
const MOST_BYTES = 8 * 2 ** 20;
const MOST_SHARDS = 200;
const LONGEST_PATH = 500;
/** The hub lists a thousand files a page. */
const MOST_PAGES = 20;

/**
 * Files that make the model, weights last.
 * @throws FormatError when it is no model we can open; UsageError for what is not there or not allowed; EngineError; AbortedError
 */
export async function findModelFiles(place: Place, options: AskOptions): Promise<RepositoryFile[]> {
  const listed = await listFiles(place, options);
  const find: Find = listed ? (path) => Promise.resolve(listed.get(path)) : (path) => probe(place, path, options);
  const { text: configText } = await readSmall(place, 'config.json', options);
  const json = parseJson(configText, `config.json of ${place.model.hub}`);
  parseConfig(json);
  const weights = await findWeights(place, find, maybeRecord(json) ?? {}, options);
  const need = async (path: string): Promise<RepositoryFile> => {
    const file = await find(path);
    if (file) return file;
    throw new FormatError(refusal(404, 'EntryNotFound', { ...place, path }));
  };
  const others = ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'generation_config.json'];
  const small = [await need('config.json')];
  for (const path of others) small.push(...[(await find(path)) ?? []].flat());
  return [...small, ...weights];
}

/**
 * A checkpoint's own numbers before converted ones, half before full precision where the checkpoint itself is in half:
 * fp16 of an fp16 checkpoint are its very values, in half the bytes. 8-bit and smaller files hold other numbers and are never taken.
 */
async function findWeights(place: Place, find: Find, config: Record<string, unknown>, options: AskOptions): Promise<RepositoryFile[]> {
  const isHalf = (config.torch_dtype ?? config.dtype) === 'float16';
  const single = [
    'model.safetensors',
    ...(isHalf ? ['onnx/model_fp16.onnx'] : []),
    'onnx/model.onnx',
    'onnx/decoder_model.onnx',
    'onnx/decoder_model_merged.onnx',
    'pytorch_model.bin',
  ];
  for (const path of single) {
    const file = await find(path);
    if (!file) continue;
    const data = path.endsWith('.onnx') ? await find(`${path}_data`) : undefined;
    return data ? [data, file] : [file];
  }
  for (const path of ['model.safetensors.index.json', 'pytorch_model.bin.index.json']) {
    const index = await find(path);
    if (index) return [index, ...(await findShards(place, path, find, options))];
  }
  throw new FormatError(
    `${place.model.hub} at revision "${quote(place.model.revision)}" has no weights this page can read: neither model.safetensors, onnx/model.onnx nor pytorch_model.bin.`,
  );
}

async function findShards(place: Place, path: string, find: Find, options: AskOptions): Promise<RepositoryFile[]> {
  const label = `${path} of ${place.model.hub}`;
  const { text } = await readSmall(place, path, options);
  const map = maybeRecord(maybeRecord(parseJson(text, label))?.weight_map) ?? {};
  const names = [...new Set(Object.values(map))];
  const isName = (name: unknown): name is string => typeof name === 'string' && /^[\w-][\w.-]*$/.test(name);
  if (names.length === 0 || names.length > MOST_SHARDS || !names.every(isName)) {
    throw new FormatError(`${label} does not say which files hold the weights.`);
  }
  const files = await Promise.all(names.map(find));
  const absent = names.filter((_, i) => !files[i]);
  if (absent.length > 0) throw new FormatError(`${label} names ${quote(absent[0])}, which is not there.`);
  return files.flatMap((file) => file ?? []);
}

/**
 * @param folder of the repository; '' for all of it
 * @returns files by path; undefined where there is no list: a mirror may hold files alone
 * @throws UsageError for what is not there or not allowed; EngineError; FormatError; AbortedError
 */
export async function listFiles(place: Place, options: AskOptions, folder = ''): Promise<Map<string, RepositoryFile> | undefined> {
  const all = new Map<string, RepositoryFile>();
  let url: string | undefined = listUrl(place.host, place.model, folder);
  for (let pages = 0; url !== undefined; pages++) {
    if (pages >= MOST_PAGES) {
      throw new FormatError(`The list of files of ${place.model.hub} has no end within ${MOST_PAGES} pages. Name a folder of it.`);
    }
    const page = await listPage(url, place, folder, options);
    if (!page) return undefined;
    for (const [path, file] of page.files) all.set(path, file);
    url = page.next;
  }
  return all;
}

interface ListPage {
  files: Map<string, RepositoryFile>;
  /** Where the list goes on. */
  next?: string;
}

async function listPage(url: string, place: Place, folder: string, options: AskOptions): Promise<ListPage | undefined> {
  const response = await askSurely(url, {}, place, folder, options);
  const code = response.headers.get('x-error-code') ?? '';
  if (!response.ok) {
    void response.body?.cancel().catch(() => undefined);
    if (code !== '' || response.status === 401 || response.status === 403) {
      throw refused(response.status, code, { ...place, path: folder });
    }
    return undefined;
  }
  if (!/json/i.test(response.headers.get('content-type') ?? '')) {
    void response.body?.cancel().catch(() => undefined);
    return undefined;
  }
  const next = nextPage(response.headers.get('link'), url);
  const files = readList(await readText(response, `The list of files of ${place.model.hub}`), place);
  return files && { files, ...(next !== undefined && { next }) };
}

/** Only the same server may say where its list goes on. */
function nextPage(link: string | null, url: string): string | undefined {
  const target = /<([^<>]+)>\s*;\s*rel="?next"?/.exec(link ?? '')?.[1];
  if (target === undefined || !URL.canParse(target, url)) return undefined;
  const next = new URL(target, url);
  return next.origin === new URL(url).origin ? next.href : undefined;
}

function readList(text: string, place: Place): Map<string, RepositoryFile> | undefined {
  const list = parseJson(text, `The list of files of ${place.model.hub}`);
  if (!Array.isArray(list)) return undefined;
  const files = new Map<string, RepositoryFile>();
  for (const item of list as unknown[]) {
    const { type, path, size, oid: gitId, lfs } = maybeRecord(item) ?? {};
    if (type !== 'file' || typeof path !== 'string' || !Number.isSafeInteger(size) || (size as number) < 0) continue;
    if (!isPlainPath(path)) continue;
    files.set(path, { path, url: fileUrl(place.host, place.model, path), bytes: size as number, ...namesOf(gitId, maybeRecord(lfs)?.oid) });
  }
  return files;
}

/** Git's id of a file in the large-file store is that of a pointer to it, which changes with it. */
function namesOf(gitId: unknown, linked: unknown): Pick<RepositoryFile, 'sha256' | 'oid'> {
  if (typeof linked === 'string' && /^[0-9a-f]{64}$/.test(linked)) return { sha256: linked, oid: linked };
  return typeof gitId === 'string' && /^[0-9a-f]{40,64}$/.test(gitId) ? { oid: gitId } : {};
}

/** A path that leads nowhere else, however it is put into an address. */
export function isPlainPath(path: string): boolean {
  const parts = path.split('/');
  return path.length <= LONGEST_PATH && !/[\u0000-\u001f\u007f\\?#]/.test(path) && !parts.some((part) => /^\.{0,2}$/.test(part));
}

/** A file's length and version by asking for its first byte; the body is not waited for. */
export async function probe(place: Place, path: string, options: AskOptions): Promise<RepositoryFile | undefined> {
  const url = fileUrl(place.host, place.model, path);
  const request = (headers: Record<string, string>) => askSurely(url, headers, place, path, options);
  const response = await request({ Range: 'bytes=0-0' });
  void response.body?.cancel().catch(() => undefined);
  if (response.status === 404) return undefined;
  if (!response.ok) throw refused(response.status, response.headers.get('x-error-code') ?? '', { ...place, path });
  // A server that sends a page for whatever it has not got has not got it.
  if (/text\/html/i.test(response.headers.get('content-type') ?? '')) return undefined;
  const bytes = await lengthOf(response, request);
  if (bytes === undefined) {
    throw new FormatError(`${new URL(place.host).host} does not say how long ${path} of ${place.model.hub} is, so it is not fetched.`);
  }
  return { path, url, bytes, validator: validatorOf(response.headers) };
}

/** A file of a few kilobytes that is needed now. */
async function readSmall(place: Place, path: string, options: AskOptions): Promise<{ text: string }> {
  const label = `${path} of ${place.model.hub}`;
  const response = await askSurely(fileUrl(place.host, place.model, path), {}, place, path, options);
  if (!response.ok) {
    void response.body?.cancel().catch(() => undefined);
    throw refused(response.status, response.headers.get('x-error-code') ?? '', { ...place, path });
  }
  if (/text\/html/i.test(response.headers.get('content-type') ?? '')) {
    void response.body?.cancel().catch(() => undefined);
    throw new FormatError(
      `${new URL(response.url).host} sent a web page where ${label} should be. Perhaps the network asks for a login, or the address of the hub is wrong.`,
    );
  }
  return { text: await readText(response, label) };
}

async function readText(response: Response, label: string): Promise<string> {
  if (!response.body) return '';
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw new EngineError(`${label} could not be fetched: the connection was cut. Try again.`, { cause: error });
    });
    if (done) return text + decoder.decode();
    noteBytes(response.url, value.byteLength);
    text += decoder.decode(value, { stream: true });
    if (text.length > MOST_BYTES) {
      void reader.cancel().catch(() => undefined);
      throw new FormatError(`${label} is longer than ${MOST_BYTES} bytes, so it is not what its name says.`);
    }
  }
}

/** As `ask`, trying again where there is no connection. */
export async function askSurely(
  url: string,
  headers: Record<string, string>,
  place: Place,
  path: string,
  options: AskOptions,
): Promise<Response> {
  const { patience, signal } = options;
  for (let n = 0; ; n++) {
    try {
      return await ask(url, headers, { ...place, path }, options);
    } catch (error) {
      if (!(error instanceof CutError)) throw error;
      // Whether there is a network at all is soon known; what has begun is waited for longer.
      if (n >= Math.min(2, patience.retries)) {
        throw new EngineError(
          `${new URL(place.host).host} cannot be reached. Look at the connection, and at the address of the hub; models kept here open without it.`,
        );
      }
      await pause(patience.backoffMs(n), signal);
    }
  }
}
