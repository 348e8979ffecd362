/** The slices of state and views: none knows another, and only the root composes them. Types count as values do. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const SLICES = ['explore', 'library', 'train'];
/** What puts the slices together. */
const COMPOSED = ['src/state/store.ts', 'src/state/addressBar.ts', 'src/state/settings.ts'];

const files = ['src/state', 'src/views'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => join(folder, path)),
);

/** Everything a file imports by a path, fetched later or not. */
function importsOf(file: string): string[] {
  const source = readFileSync(join(ROOT, file), 'utf8');
  const specifiers = [...source.matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+)'(\.[^']+)'/gm)].map((match) => match[1]);
  return specifiers.map((specifier) => relative(ROOT, resolve(ROOT, dirname(file), specifier)));
}

function sliceOf(path: string): string | undefined {
  const [, folder] = /^src\/(?:state|views)\/([^/]+)\//.exec(path) ?? [];
  return SLICES.find((slice) => slice === folder);
}

const arrows = files.flatMap((from) => importsOf(from).map((to) => ({ from, to })));

test('there is something to look at', () => {
  expect(new Set(files.map(sliceOf))).toEqual(new Set([...SLICES, undefined]));
  expect(arrows.length).toBeGreaterThan(300);
});

test('no slice imports another', () => {
  const wrong = arrows.filter(({ from, to }) => sliceOf(from) && sliceOf(to) && sliceOf(from) !== sliceOf(to));
  expect(wrong).toEqual([]);
});

test('what is shared knows no slice', () => {
  const wrong = arrows.filter(({ from, to }) => !sliceOf(from) && sliceOf(to) && !COMPOSED.includes(from));
  expect(wrong).toEqual([]);
});

test('no slice imports what composes it, and no view a store of its own making', () => {
  expect(arrows.filter(({ to, from }) => COMPOSED.includes(to) && !COMPOSED.includes(from))).toEqual([]);
});

test('shared views know neither the frame nor the app', () => {
  expect(arrows.filter(({ from, to }) => from.startsWith('src/views/shared/') && to.startsWith('src/views/frame/'))).toEqual([]);
});
