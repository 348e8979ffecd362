/**
 * A hub on this machine: lists and serves repositories under the paths that transformers.js asks for, large files through a
 * redirect to another origin, as the real one does; and makes every kind of trouble on demand.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';

const MODELS = resolve(import.meta.dirname, '../fixtures/models');
const DICTIONARIES = resolve(import.meta.dirname, '../fixtures/dictionaries');

/** Path in the repository, its bytes. */
export type RepoFiles = Record<string, Buffer>;

export interface Ask {
  /** 'list', or a file's path. */
  path: string;
  repo: string;
  revision: string;
  /** Of the bytes: not the redirect. */
  from: number;
  /** How many times these bytes, or this list, were asked for before. */
  before: number;
}

export type Fault =
  | { kind: 'status'; status: number; code?: string; retryAfter?: string }
  /** Ends the connection after so many bytes of the answer, and `ms` for the page to read them: what it has not read is lost. */
  | { kind: 'cut'; after: number; ms?: number }
  /** Sends so many bytes and then nothing, without an end. */
  | { kind: 'stall'; after: number }
  /** So long between pieces of so many bytes. */
  | { kind: 'slow'; ms: number; bytes: number }
  /** A web page with status 200. `honest`: with its content type. */
  | { kind: 'html'; honest: boolean }
  /** Another file of this content. */
  | { kind: 'content'; bytes: Buffer; sameName?: boolean }
  /** The whole file, whatever was asked. */
  | { kind: 'no ranges' }
  /** Another part than was asked, said so. */
  | { kind: 'elsewhere' }
  /** More than was announced. */
  | { kind: 'too much' };

export interface HubServer {
  /** 'http://localhost:1234/' */
  url: string;
  /** What else was asked, by path: 'Xenova/pythia-70m/resolve/main/config.json'. */
  asked: { path: string; from: number; cdn: boolean }[];
  /** Trouble for a request; undefined: none. */
  fault: (ask: Ask) => Fault | undefined;
  repositories: Record<string, Record<string, RepoFiles>>;
  /** Whether it lists files, as the hub does and a plain mirror does not. */
  lists: boolean;
  /** Files on a page of the list. */
  pageSize: number;
  /** Whether answers carry ETag and Last-Modified. */
  validators: boolean;
  /** Whether the store for large files lets other pages see more than every answer shows: Content-Range, ETag. */
  shows: boolean;
  close(): Promise<void>;
}

/** Files of a folder of test/fixtures/models under the names they have on the hub. */
export function repoFiles(folder: string, names: Record<string, string>): RepoFiles {
  return Object.fromEntries(Object.entries(names).map(([path, file]) => [path, readFileSync(join(MODELS, folder, file))]));
}

/** tiny-neox laid out as Xenova's ONNX repositories are. */
export function onnxRepo(more: RepoFiles = {}): RepoFiles {
  const small = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'generation_config.json'];
  const names = Object.fromEntries(small.map((name) => [name, name]));
  return { ...repoFiles('tiny-neox', { ...names, 'onnx/model.onnx': 'onnx/model_with_past.onnx' }), ...more };
}

/** The same as a checkpoint. */
export function checkpointRepo(weights: Record<string, string> = { 'model.safetensors': 'model.safetensors' }): RepoFiles {
  const { 'onnx/model.onnx': _, ...rest } = onnxRepo();
  return { ...rest, ...repoFiles('tiny-neox', weights) };
}

/** Folders of test/fixtures/dictionaries as folders of a repository, without what the tests compare with. */
export function dictionaryRepo(folders: Record<string, string>): RepoFiles {
  const files: RepoFiles = {};
  for (const [folder, from] of Object.entries(folders)) {
    for (const name of readdirSync(join(DICTIONARIES, from))) {
      if (name !== 'golden.json') files[folder === '' ? name : `${folder}/${name}`] = readFileSync(join(DICTIONARIES, from, name));
    }
  }
  return files;
}

export async function serveHub(repositories: HubServer['repositories']): Promise<HubServer> {
  const counts = new Map<string, number>();
  const hub: HubServer = {
    url: '',
    asked: [],
    fault: () => undefined,
    repositories,
    lists: true,
    pageSize: 1000,
    validators: true,
    shows: true,
    close: async () => {
      await Promise.all([front, cdn].map(end));
    },
  };
  let cdnUrl = '';
  const faultFor = (ask: Omit<Ask, 'before'>): Fault | undefined => {
    const key = `${ask.repo} ${ask.revision} ${ask.path}`;
    const before = counts.get(key) ?? 0;
    counts.set(key, before + 1);
    return hub.fault({ ...ask, before });
  };
  const serveBytes = (request: IncomingMessage, response: ServerResponse, where: Where, cdn: boolean) => {
    const from = rangeStart(request);
    const { repo, revision, path } = where;
    hub.asked.push({ path: `${repo}/resolve/${revision}/${path}`, from, cdn });
    const bytes = hub.repositories[repo]?.[revision]?.[path];
    const fault = faultFor({ repo, revision, path, from });
    if (!bytes && !fault) return refuse(response, 404, !hub.repositories[repo] ? 'RepoNotFound' : 'EntryNotFound');
    const hides = cdn && !hub.shows;
    send(request, response, bytes ?? Buffer.alloc(0), fault, { cdn, validators: hub.validators && !hides, hides });
  };
  const front = createServer((request, response) => {
    allowAll(response);
    if (request.method === 'OPTIONS') return void response.writeHead(204).end();
    const url = new URL(request.url ?? '/', 'http://x');
    const list = /^\/api\/models\/([^/]+\/[^/]+)\/tree\/([^/]+)(?:\/(.+))?$/.exec(url.pathname);
    if (list) {
      const [, repo, revision, folder = ''] = list.map((part) => part && decodeURIComponent(part));
      return serveList(hub, response, { repo, revision, path: folder, after: Number(url.searchParams.get('after')) }, faultFor);
    }
    const file = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(url.pathname);
    if (!file) return refuse(response, 404);
    const where = { repo: file[1], revision: decodeURIComponent(file[2]), path: decodeURIComponent(file[3]) };
    const revisions = hub.repositories[where.repo];
    // The hub does not tell a stranger whether a repository is private or does not exist.
    if (!revisions) return refuse(response, 401, 'RepoNotFound');
    if (!revisions[where.revision]) return refuse(response, 404, 'RevisionNotFound');
    const bytes = revisions[where.revision][where.path];
    if (bytes && isLarge(where.path)) {
      response.writeHead(302, {
        Location: `${cdnUrl}${where.repo}/${encodeURIComponent(where.revision)}/${where.path}`,
        'X-Linked-Size': String(bytes.length),
        'X-Linked-Etag': `"${sha256(bytes)}"`,
      });
      return void response.end();
    }
    serveBytes(request, response, where, false);
  });
  const cdn = createServer((request, response) => {
    allowAll(response, hub.shows);
    if (request.method === 'OPTIONS') return void response.writeHead(204).end();
    const [, repo, revision, path] = /^\/([^/]+\/[^/]+)\/([^/]+)\/(.+)$/.exec(request.url ?? '')!;
    serveBytes(request, response, { repo, revision: decodeURIComponent(revision), path: decodeURIComponent(path) }, true);
  });
  hub.url = `http://localhost:${await listen(front)}/`;
  // Another origin, as the hub's store is.
  cdnUrl = `http://127.0.0.1:${await listen(cdn)}/`;
  return hub;
}

interface Where {
  repo: string;
  revision: string;
  path: string;
}

const EXPOSED = 'X-Repo-Commit,X-Error-Code,X-Error-Message,ETag,Link,Accept-Ranges,Content-Range,X-Linked-Size,X-Linked-ETag,Retry-After';

function allowAll(response: ServerResponse, shows = true): void {
  response.setHeader('Access-Control-Allow-Origin', '*');
  if (shows) response.setHeader('Access-Control-Expose-Headers', EXPOSED);
}

function serveList(
  hub: HubServer,
  response: ServerResponse,
  { repo, revision, path: folder, after }: Where & { after: number },
  faultFor: (ask: Omit<Ask, 'before'>) => Fault | undefined,
): void {
  hub.asked.push({ path: `api ${repo} ${revision}`, from: 0, cdn: false });
  const fault = faultFor({ repo, revision, path: 'list', from: 0 });
  if (fault?.kind === 'status') return refuse(response, fault.status, fault.code, fault.retryAfter);
  if (!hub.lists) return refuse(response, 404);
  const files = hub.repositories[repo]?.[revision];
  if (!hub.repositories[repo]) return refuse(response, 401, 'RepoNotFound');
  if (!files) return refuse(response, 404, 'RevisionNotFound');
  const inside = Object.entries(files).filter(([path]) => folder === '' || path.startsWith(`${folder}/`));
  if (inside.length === 0 && folder !== '') return refuse(response, 404, 'EntryNotFound');
  const page = inside.slice(after, after + hub.pageSize);
  if (after + page.length < inside.length) {
    const next = `${hub.url}api/models/${repo}/tree/${encodeURIComponent(revision)}${folder && `/${folder}`}?recursive=true&after=${after + page.length}`;
    response.setHeader('Link', `<${next}>; rel="next"`);
  }
  const list = page.map(([path, bytes]) => ({
    type: 'file',
    oid: gitId(bytes),
    size: bytes.length,
    path,
    ...(isLarge(path) && { lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 134 } }),
  }));
  response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' }).end(JSON.stringify(list));
}

function refuse(response: ServerResponse, status: number, code?: string, retryAfter?: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain',
    ...(code && { 'X-Error-Code': code }),
    ...(retryAfter !== undefined && { 'Retry-After': retryAfter }),
  });
  response.end('no');
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  stored: Buffer,
  fault: Fault | undefined,
  { cdn, validators, hides }: { cdn: boolean; validators: boolean; hides: boolean },
): void {
  if (fault?.kind === 'status') return refuse(response, fault.status, fault.code, fault.retryAfter);
  if (fault?.kind === 'html') {
    const page = '<!doctype html><title>Log in</title>Please log in to the network.';
    return void response.writeHead(200, { 'Content-Type': fault.honest ? 'text/html' : 'application/octet-stream' }).end(page);
  }
  const file = fault?.kind === 'content' ? fault.bytes : stored;
  const name = fault?.kind === 'content' && fault.sameName ? stored : file;
  const from = rangeStart(request) + (fault?.kind === 'elsewhere' ? 1000 : 0);
  const ranged = request.headers.range !== undefined && fault?.kind !== 'no ranges';
  if (ranged && from >= file.length) {
    return void response.writeHead(416, { 'Content-Range': `bytes */${file.length}` }).end();
  }
  const to = ranged ? rangeEnd(request, file.length) : file.length;
  const body = ranged ? file.subarray(from, to) : file;
  response.writeHead(ranged ? 206 : 200, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': body.length + (fault?.kind === 'too much' ? 10 : 0),
    ...(validators && { ETag: cdn ? `"${createHash('md5').update(name).digest('hex')}-3"` : `"${gitId(name)}"` }),
    // A browser hides it; what asks in Node would see it.
    ...(ranged && !hides && { 'Content-Range': `bytes ${from}-${to - 1}/${file.length}` }),
  });
  if (request.method === 'HEAD') return void response.end();
  if (fault?.kind === 'cut') {
    const { after, ms = 20 } = fault;
    return void response.write(body.subarray(0, after), () => setTimeout(() => response.destroy(), ms));
  }
  if (fault?.kind === 'stall') return void response.write(body.subarray(0, fault.after));
  if (fault?.kind === 'slow') return void drip(response, body, fault.ms, fault.bytes);
  if (fault?.kind === 'too much') return void response.end(Buffer.concat([body, Buffer.alloc(10, 65)]));
  response.end(body);
}

async function drip(response: ServerResponse, body: Buffer, ms: number, bytes: number): Promise<void> {
  for (let at = 0; at < body.length && !response.destroyed; at += bytes) {
    response.write(body.subarray(at, at + bytes));
    await new Promise((done) => setTimeout(done, ms));
  }
  response.end();
}

function rangeStart(request: IncomingMessage): number {
  return Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
}

function rangeEnd(request: IncomingMessage, length: number): number {
  const end = /^bytes=\d+-(\d+)$/.exec(request.headers.range ?? '')?.[1];
  return end === undefined ? length : Math.min(length, Number(end) + 1);
}

/** What the hub keeps in its store for large files. */
function isLarge(path: string): boolean {
  return /\.(onnx|onnx_data|safetensors|bin|pt|npz|zip)$/.test(path);
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Git's own name of a file. */
function gitId(bytes: Buffer): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

async function end(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((done) => server.close(() => done()));
}
