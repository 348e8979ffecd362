/** The arrows of docs/architecture.md: who may import whom, and no cycles. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

/** The folders each folder may import besides itself. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  'src/core': [],
  'src/api': ['src/core'],
  'src/gpu': ['src/core', 'src/api'],
  'src/cache': ['src/core', 'src/api'],
  'src/kernels': ['src/core'],
  'src/engine': ['src/core', 'src/api', 'src/gpu', 'src/cache', 'src/kernels'],
  'src/charts': ['src/core'],
  'src/state': ['src/core', 'src/api', 'src/charts'],
  'src/views': ['src/core', 'src/api', 'src/charts', 'src/state'],
  'src/app': ['src/core', 'src/api', 'src/cache', 'src/charts', 'src/state', 'src/views', 'workers'],
  workers: ['src/core', 'src/api', 'src/gpu', 'src/cache', 'src/kernels', 'src/engine'],
};

/** Packages `core` may use: it must run anywhere. */
const CORE_PACKAGES = /^(@bufbuild\/protobuf\/wire|fflate|valibot|@noble\/hashes\/sha2\.js)$/;

interface Import {
  /** Path from the root, or the package's name. */
  target: string;
  typeOnly: boolean;
}

const files = ['src', 'workers'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts'))
    .map((path) => join(folder, path)),
);

function importsOf(file: string): Import[] {
  const source = readFileSync(join(ROOT, file), 'utf8');
  const statements = source.matchAll(/^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm);
  return [...statements].map(([, type, specifier]) => ({
    target: specifier.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(file), specifier)) : specifier,
    typeOnly: type !== undefined,
  }));
}

const graph = new Map(files.map((file) => [file, importsOf(file)]));
const folderOf = (path: string) => Object.keys(MAY_IMPORT).find((folder) => path.startsWith(`${folder}/`));

test('every import follows an arrow', () => {
  expect([...graph.values()].flat().length).toBeGreaterThan(200);
  const wrong: string[] = [];
  for (const [file, imports] of graph) {
    const from = folderOf(file)!;
    for (const { target } of imports) {
      const to = folderOf(target);
      if (!to) {
        if (from === 'src/core' && !CORE_PACKAGES.test(target)) wrong.push(`${file} uses the package ${target}`);
        continue;
      }
      if (to !== from && !MAY_IMPORT[from].includes(to)) wrong.push(`${file} → ${target}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('only the page’s handles and types cross from workers into the app', () => {
  const crossing = [...graph].filter(([file]) => file.startsWith('src/app/')).flatMap(([, imports]) => imports);
  const workers = crossing.filter(({ target }) => target.startsWith('workers/'));
  expect(workers.length).toBeGreaterThan(5);
  const forPage = /^workers\/(\w+\/(client|api)|remote|rpc)\.ts$/;
  expect(workers.filter(({ target }) => !forPage.test(target))).toEqual([]);
  // What a handle runs of its worker would end up in the page.
  const ofHandles = [...graph].filter(([file]) => /^workers\/\w+\/client\.ts$/.test(file)).flatMap(([, imports]) => imports);
  expect(ofHandles.filter(({ target, typeOnly }) => !typeOnly && target !== 'workers/remote.ts')).toEqual([]);
});

test('no module imports itself through others', () => {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: string[]) => {
    if (path.includes(file)) return void cycles.push([...path.slice(path.indexOf(file)), file].join(' → '));
    if (done.has(file)) return;
    for (const { target, typeOnly } of graph.get(file) ?? []) if (!typeOnly && graph.has(target)) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  expect(cycles).toEqual([]);
});

/** Each of these may be said in one place only. */
test.each([
  // Between page and worker, inside the runtime, to training threads, between tabs, and between page and service worker.
  {
    words: /\bpostMessage\(/,
    place:
      /^workers\/rpc\.ts$|^src\/engine\/model\/runtime\.ts$|^src\/kernels\/wasm\/(browserThreads|threadWorker)\.ts$|^src\/cache\/tabs\.ts$|^src\/cache\/offline\//,
  },
  { words: /\bnavigator as Navigator|navigator\.gpu/, place: /^src\/gpu\// },
  { words: /[^.\w]fetch\(/, place: /^src\/cache\// },
  { words: /\bindexedDB\b|'idb-keyval'/, place: /^src\/cache\// },
  { words: /\blocalStorage\b/, place: /^src\/cache\/settings\.ts$/ },
  { words: /\bnavigator\b.*\blocks\b/, place: /^src\/cache\/locks\.ts$/ },
  { words: /\bBroadcastChannel\b/, place: /^src\/cache\/tabs\.ts$/ },
  { words: /\bconsole\./, place: /^$/ },
])('$words stands only in $place', ({ words, place }) => {
  const code = (file: string) => readFileSync(join(ROOT, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  expect(files.filter((file) => words.test(code(file)) && !place.test(file))).toEqual([]);
});
