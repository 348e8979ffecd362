import { describe, expect, it } from 'vitest';
import type { DictionaryInfo } from '../../../src/api/dictionaries.ts';
import { answerLink } from '../../../src/state/shared/dictionaries.ts';

const info = (id: string, hash: string, formerly?: string[]): DictionaryInfo => ({
  id,
  hash,
  label: id,
  model: 'bookworm-9m',
  hook: 'blocks.3.hook_resid_post',
  architecture: 'tied',
  d_in: 256,
  d_sae: 1024,
  source: 'built-in',
  bytes: 1,
  fits: true,
  ...(formerly && { formerly }),
});
const LIST = [info('b/r4-a0.0025', 'sha256-1'), info('b/r4-a0.004', 'sha256-2', ['b/r4'])];
const linked = (id: string, hash: string) => ({ id, hash, label: 'blocks.3 r4', hook: 'blocks.3.hook_resid_post', model: 'bookworm-9m' });
const pin = (dictionary: string) => ({ dictionary, latent: 7, slot: 0 });

describe('what a link opens', () => {
  it('is the dictionary that it names', () => {
    expect(answerLink(LIST, linked('b/r4-a0.0025', 'sha256-1'), [pin('b/r4-a0.0025')])).toEqual({
      found: LIST[0],
      pins: [pin('b/r4-a0.0025')],
      said: null,
    });
  });

  it('is the same tensors under another id, with their pins', () => {
    expect(answerLink(LIST, linked('x', 'sha256-2'), [pin('x')])).toEqual({ found: LIST[1], pins: [pin('b/r4-a0.004')], said: null });
  });

  it('is what ships in the place of one that no longer does, which is said, without pins of other features', () => {
    const { found, pins, said } = answerLink(LIST, linked('b/r4', 'sha256-0'), [pin('b/r4'), pin('other')]);
    expect(found).toBe(LIST[1]);
    expect(pins).toEqual([pin('other')]);
    expect(said).toMatch(/names blocks\.3 r4, which this page no longer ships.*b\/r4-a0\.004.*pinned in the link are left out\./);
    expect(answerLink(LIST, linked('b/r4', 'sha256-0'), []).said).not.toMatch(/pinned/);
  });

  it('is nothing where nothing is known of it, and its pins wait', () => {
    expect(answerLink(LIST, linked('y', 'sha256-9'), [pin('y')])).toEqual({ found: undefined, pins: [pin('y')], said: null });
    expect(answerLink(LIST, null, [])).toEqual({ found: undefined, pins: [], said: null });
  });
});
