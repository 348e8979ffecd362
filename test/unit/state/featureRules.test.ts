import { expect, it, vi } from 'vitest';
import { readEvidence } from '../../../src/core/formats/evidence.ts';
import {
  EMPTY_RULE,
  evidenceOf,
  evidenceWords,
  ruleOf,
  ruleWords,
  tokenPattern,
  tryRule,
  type RuleTry,
} from '../../../src/state/feature/rules.ts';

const place = { dictionary: 'd', latent: 3 };
const context = { document: 0, position: 1, ids: [1, 2], at: 1, values: [0, 2], value: 2 };
const figures = { precision: 0.5, recall: 1, f1: 2 / 3, interval: [0.6, 0.7] as [number, number], false_positives: [context], misses: [] };
const draft = { ...EMPTY_RULE, token: '^ the$' };

async function tried(rule: () => Promise<typeof figures>, signal = new AbortController().signal) {
  const told: RuleTry[] = [];
  const api = { rule: vi.fn(rule), detokenize: () => Promise.resolve([{ text: 'of the', tokens: ['of', ' the'] }]) } as never;
  await tryRule(api, place, draft, { threshold: 1, tokens: 100, signal, onChange: (now) => told.push(now) });
  return told;
}

it('boxes that are empty say nothing', () => {
  expect(ruleOf(EMPTY_RULE)).toBeNull();
  expect(ruleOf(draft)).toEqual({ token: '^ the$' });
  expect(ruleWords({ ...draft, before: 'x' })).toBe('token matches /^ the$/, text before matches /x/');
  expect(ruleWords({ tokens: [1, 2], word: 'x' })).toBe('token is one of 2, word matches /x/');
});

it.each([' the', '(', '\n', '$5.0', 'a|b', '\\', '[^x]*'])('the expression for %j matches it alone', (letters) => {
  const pattern = new RegExp(tokenPattern(letters), 'u');
  expect(pattern.test(letters)).toBe(true);
  expect(pattern.test(`${letters}x`)).toBe(false);
});

it('as evidence has its figures in words, undefined ones too', () => {
  const evidence = evidenceOf({ token: '^ the$' }, { ...figures, precision: NaN }, 1, 20_000);
  expect(evidence).toMatchObject({ precision: null, recall: 1, interval: [0.6, 0.7], threshold: 1, tokens: 20_000 });
  expect(readEvidence(JSON.parse(JSON.stringify(evidence)))).toEqual(evidence);
  expect(evidenceWords(evidence)).toMatch(
    /^Rule: token matches \/\^ the\$\/\. F1 66\.7\s%.*60\.0\s% to 70\.0\s%.*20\s000 tokens of moby-dick, firing counted above 1/,
  );
  expect(evidenceWords({ ...evidence, f1: null, interval: null })).toContain('no F1, nothing to divide by, on');
});

it('tells what was found with what it spells, a failure as a sentence, a stop as nothing', async () => {
  expect((await tried(() => Promise.resolve(figures))).at(-1)).toMatchObject({ status: 'done', figures });
  expect((await tried(() => Promise.reject(new Error('No.')))).at(-1)).toEqual({ status: 'failed', message: 'No.' });
  const stopped = new AbortController();
  const last = await tried(() => {
    stopped.abort();
    return Promise.reject(new Error('stopped'));
  }, stopped.signal);
  expect(last.at(-1)).toEqual({ status: 'none' });
});
