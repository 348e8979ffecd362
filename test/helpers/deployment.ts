/** A build on a server of its own that can be replaced by another build, switched off, and asked what was fetched from it. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { writeServiceWorker } from '../../scripts/offline.mjs';
import { createStaticServer } from '../../scripts/serve.mjs';

const DIST = resolve(import.meta.dirname, '../../dist');

export interface Deployment {
  /** Where the page is; below a folder when asked for. */
  url: string;
  /** Paths asked for since the last call. */
  asked(): string[];
  /** Puts up the next build: other code, other index.html, the list of dictionaries changed; everything else as it was. */
  deployNext(): Promise<string[]>;
  /** As `deployNext`, but one file does not hold what the list of files says. */
  deployBroken(): Promise<void>;
  stop(): Promise<void>;
}

/** @param folder the page lies in, '' for the root */
export async function deploy({ isolation = true, folder = '' } = {}): Promise<Deployment> {
  const root = mkdtempSync(join(tmpdir(), 'featurescope-site-'));
  const dir = join(root, folder);
  cpSync(DIST, dir, { recursive: true });
  // Outside a build's folder there is nothing; the server looks for new files when index.html changes.
  if (folder) writeFileSync(join(root, 'index.html'), '<!doctype html><title>not the page</title>');
  let asked: string[] = [];
  const product = createStaticServer({ dir: root, isolation });
  const server = createServer((request, response) => {
    asked.push(decodeURIComponent(new URL(request.url ?? '/', 'http://x').pathname).slice(1));
    product.emit('request', request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const touch = () => writeFileSync(join(root, 'index.html'), readFileSync(join(root, 'index.html')));
  const next = async () => {
    const changed = changeBuild(dir);
    await writeServiceWorker(dir);
    return changed;
  };
  return {
    url: new URL(folder && `${folder}/`, `http://localhost:${(server.address() as AddressInfo).port}/`).href,
    asked() {
      const seen = asked;
      asked = [];
      return seen;
    },
    async deployNext() {
      const changed = await next();
      touch();
      return changed;
    },
    async deployBroken() {
      await next();
      writeFileSync(join(dir, 'assets', NEXT), 'half a file');
      touch();
    },
    async stop() {
      if (!server.listening) return;
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
      rmSync(root, { recursive: true, force: true });
    },
  };
}

const NEXT = 'index-NEXTNEXT.js';

/**
 * The code's version and title change, as its file's name does, and one file of data.
 * @returns paths of what is another file now: also those that name the code's file
 */
function changeBuild(dir: string): string[] {
  const assets = join(dir, 'assets');
  const script = readdirSync(assets).find((name) => /^index-.*\.js$/.test(name))!;
  const code = readFileSync(join(assets, script), 'utf8');
  const changed = code.replaceAll(/(["'`])0\.1\.0\1/g, '$19.9.9$1');
  if (changed === code) throw new Error('The version is not where it was in the code.');
  writeFileSync(join(assets, script), changed);
  const names = renamed(assets, script);
  for (const [from, to] of names) renameSync(join(assets, from), join(assets, to));
  const naming = [...names.values()].filter((name) => name !== NEXT);
  for (const file of [
    ...readdirSync(assets)
      .filter((name) => name.endsWith('.js'))
      .map((name) => join(assets, name)),
    join(dir, 'index.html'),
  ]) {
    for (const [from, to] of names) replaceIn(file, from, to);
  }
  replaceIn(join(dir, 'index.html'), '<title>featurescope', '<title>next featurescope');
  replaceIn(join(dir, 'dictionaries/index.json'), '[\n', '[ \n');
  return [...[NEXT, ...naming].map((name) => `assets/${name}`), 'dictionaries/index.json', 'index.html'];
}

/** New names of the code's file and of every script that names one with a new name, as hashes of contents would give them. */
function renamed(assets: string, script: string): Map<string, string> {
  const names = new Map([[script, NEXT]]);
  const texts = readdirSync(assets)
    .filter((name) => name.endsWith('.js'))
    .map((name) => [name, readFileSync(join(assets, name), 'utf8')] as const);
  for (let before = 0; before < names.size;) {
    before = names.size;
    for (const [name, text] of texts) {
      if (!names.has(name) && [...names.keys()].some((old) => text.includes(old))) names.set(name, name.replace(/\.js$/, '-NEXT.js'));
    }
  }
  return names;
}

function replaceIn(file: string, from: string, to: string): void {
  const text = readFileSync(file, 'utf8');
  if (text.includes(from)) writeFileSync(file, text.replaceAll(from, to));
}
