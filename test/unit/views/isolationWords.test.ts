import { expect, it } from 'vitest';
import { NOWHERE } from '../../../src/cache/offline/offline.ts';
import { isolationWords } from '../../../src/views/frame/isolationWords.ts';

const here = { ...NOWHERE, supported: true };

it('says of every state what is so, in a sentence of its own', () => {
  const states = ['isolated', 'ready', 'waiting', 'off', 'refused', 'unsupported'] as const;
  const all = states.map((state) => isolationWords(state, here));
  expect(new Set(all).size).toBe(states.length);
  for (const words of all) expect(words).toMatch(/^[A-Z].*\.$/);
});

it('does not promise what the browser has refused, and says what is in the way', () => {
  expect(isolationWords('waiting', NOWHERE)).toBe(isolationWords('unsupported', here));
  expect(isolationWords('waiting', { ...here, saving: true })).toMatch(/once the page is saved.*has threads\.$/);
  expect(isolationWords('waiting', here)).toMatch(/Storage in Explore saves it\.$/);
  expect(isolationWords('waiting', { ...here, problem: 'There is no room left.' })).toMatch(/has threads\. There is no room left\.$/);
});
