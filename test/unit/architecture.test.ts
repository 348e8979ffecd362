/** The rules of docs/architecture.md hold (scripts/architecture.mjs), and each of them can fail. */
import { expect, test } from 'vitest';
import {
  checkArchitecture,
  cycles,
  misplacedWords,
  readSource,
  roomCycles,
  tooLong,
  unusedExports,
  wrongImports,
} from '../../scripts/architecture.mjs';

test.each(Object.entries(checkArchitecture()))('holds: no %s', (_, wrong) => {
  expect(wrong).toEqual([]);
});

const sourcesOf = (files: Record<string, string>) => new Map(Object.entries(files).map(([path, text]) => [path, readSource(path, text)]));

test('an import against the arrows is found, also of a type, in a room below and of a package', () => {
  const sources = sourcesOf({
    'src/core/sae/a.ts': `import type { B } from '../../state/explore/b.ts';\nimport x from 'react';`,
    'src/state/explore/b.ts': `import { c } from '../library/c.ts';`,
    'src/state/library/c.ts': `export const c = import('../../views/explore/d.tsx');`,
    'elsewhere/e.ts': '',
  });
  expect(wrongImports(sources)).toEqual([
    'src/core/sae/a.ts → src/state/explore/b.ts',
    'src/core/sae/a.ts → react',
    'src/state/explore/b.ts → src/state/library/c.ts',
    'src/state/library/c.ts → src/views/explore/d.tsx',
    'elsewhere/e.ts lies in no room',
  ]);
});

test('circles of files are found, those of types alone only between rooms', () => {
  const values = sourcesOf({ 'src/core/a.ts': `import { b } from './b.ts';`, 'src/core/b.ts': `import { a } from './a.ts';` });
  expect(cycles(values)).toEqual(['src/core/a.ts → src/core/b.ts → src/core/a.ts']);
  const types = sourcesOf({
    'src/core/a.ts': `import type { B } from '../api/b.ts';`,
    'src/api/b.ts': `import type { A } from '../core/a.ts';`,
  });
  expect(cycles(types)).toEqual([]);
  expect(roomCycles(types)).toEqual(['src/core → src/api → src/core']);
});

test('long files and functions, exports without a reader and misplaced words are found', () => {
  const long = `export function f() {\n${'  g();\n'.repeat(60)}}\n`;
  const sources = sourcesOf({
    'src/core/a.ts': long.repeat(5),
    'src/core/b.ts': `export const used = 1;\nexport type T = number;\nconsole.log(used);`,
  });
  expect(tooLong(sources)).toEqual(['src/core/a.ts: 310 lines', ...Array.from({ length: 5 }, () => 'src/core/a.ts: f, 62 lines')]);
  const reader = readSource('test/c.ts', `import { used } from '../src/core/b.ts';`);
  expect(unusedExports(sources, [reader])).toContain('src/core/b.ts: T');
  expect(unusedExports(sources, [reader])).not.toContain('src/core/b.ts: used');
  expect(misplacedWords(sources)).toHaveLength(1);
});
