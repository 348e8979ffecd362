import { deflateSync, strToU8 } from 'fflate';
import { describe, expect, it } from 'vitest';
import { encodeLink, MAX_LINK, parseLink, type LinkState } from '../../../src/state/shared/link.ts';
import { noise } from '../../helpers/fakeApi.ts';

const FULL: LinkState = {
  text: 'Der Fuchs 🦊 springt.\n\ud800 "x"',
  model: { id: 'bookworm-9m', hash: 'ab' },
  dictionary: { id: 'a/b/r4', hash: 'sha256-00', label: 'L', hook: 'blocks.3.hook_resid_post', model: 'bookworm-9m' },
  hook: 'blocks.1.hook_resid_post',
  colourBy: 'feature',
  ranking: 'rare',
  pins: [{ dictionary: 'a/b/r4', latent: 12, slot: 1 }],
  position: 4,
  span: [1, 3],
  compare: 'two',
};

/** A link with this inside, as a stranger might make one. */
const linkOf = (json: string) => `#v1.${Buffer.from(deflateSync(strToU8(json))).toString('base64url')}`;

/** A text that hardly folds. */
const letters = (length: number, seed: number) =>
  Array.from({ length }, (_, i) => String.fromCharCode(97 + Math.floor(noise(i, seed) * 26))).join('');

describe('a link', () => {
  it('gives back all that went into it', () => {
    const { hash, left } = encodeLink(FULL);
    expect(left).toBeNull();
    expect(hash).toMatch(/^#v1\.[\w-]+$/);
    expect(parseLink(hash)).toEqual({ status: 'link', state: FULL });
    expect(parseLink(encodeLink({}).hash)).toEqual({ status: 'link', state: {} });
  });

  it('of any text gives back that text, or leaves it out', () => {
    for (let i = 0; i < 60; i++) {
      const length = Math.floor(noise(i, 1) ** 3 * 60_000);
      const text = Array.from({ length }, (_, j) => String.fromCharCode(Math.floor(noise(j, i) * (i % 2 ? 0xffff : 90)))).join('');
      const { hash, left } = encodeLink({ ...FULL, text });
      expect(hash.length).toBeLessThanOrEqual(MAX_LINK);
      const { text: _, ...rest } = FULL;
      expect(parseLink(hash)).toEqual({ status: 'link', state: left ? rest : { ...FULL, text } });
      if (left) expect(left).toEqual({ text });
    }
  });

  it.each([
    ['nothing', 10, 10, []],
    ['the second text', 10, 60_000, ['compare']],
    ['the second text', 10, 300_000, ['compare']],
    ['the second text, though either would fit', 5000, 5000, ['compare']],
    ['the first text', 60_000, 10, ['text']],
    ['both texts', 60_000, 60_000, ['text', 'compare']],
  ] as const)('leaves out %s of %i and %i characters', (_, first, second, out) => {
    const state = { ...FULL, text: letters(first, 1), compare: letters(second, 2) };
    const { hash, left } = encodeLink(state);
    expect(hash.length).toBeLessThanOrEqual(MAX_LINK);
    expect(left).toEqual(out.length === 0 ? null : Object.fromEntries(out.map((key) => [key, state[key]])));
    const parts = Object.entries(state).filter(([key]) => !out.some((o) => o === key));
    expect(parseLink(hash)).toEqual({ status: 'link', state: Object.fromEntries(parts) });
  });

  it('of two texts however dull still unfolds', () => {
    const dull = '\u0001'.repeat(300_000);
    const { hash } = encodeLink({ text: dull, compare: dull });
    expect(parseLink(hash)).toEqual({ status: 'link', state: { text: dull } });
  });

  it('is passed over when it is some other hash, and refused when it is of a newer version', () => {
    expect(parseLink('')).toEqual({ status: 'none' });
    expect(parseLink('#')).toEqual({ status: 'none' });
    expect(parseLink('#section')).toEqual({ status: 'none' });
    expect(parseLink('#v2.abc')).toMatchObject({ status: 'bad', message: expect.stringContaining('newer version') as string });
  });

  it('says where its dictionary is published, in the form of a place and no other', () => {
    const dictionary = FULL.dictionary!;
    for (const from of [{ hub: 'a/b', revision: 'main', folder: 'c' }, { hub: 'a/b' }, { url: 'https://example.org/ae.pt' }]) {
      const state = { dictionary: { ...dictionary, from } };
      expect(parseLink(encodeLink(state).hash)).toEqual({ status: 'link', state });
    }
    for (const from of [7, null, {}, { hub: 1 }, { hub: 'a/b', folder: {} }, { hub: 'a/b', revision: 2 }, { url: 'x'.repeat(400) }]) {
      expect(parseLink(linkOf(JSON.stringify({ dictionary: { ...dictionary, from } })))).toEqual({ status: 'link', state: { dictionary } });
    }
  });

  it('may hold fields this build does not know', () => {
    expect(parseLink(linkOf('{"text":"a","later":{"x":1}}'))).toEqual({ status: 'link', state: { text: 'a' } });
    expect(parseLink(linkOf('{"__proto__":{"text":"x"},"text":"a"}'))).toEqual({ status: 'link', state: { text: 'a' } });
  });

  it.each([
    '[]',
    'null',
    '"text"',
    '{"text":1}',
    '{"text":null}',
    '{"pins":{}}',
    '{"pins":[{"dictionary":"a","latent":-1,"slot":0}]}',
    '{"pins":[{"dictionary":"a","latent":1.5,"slot":0}]}',
    '{"pins":[null]}',
    '{"span":[3,1]}',
    '{"span":[0,1e99]}',
    '{"position":-1}',
    '{"dictionary":"a"}',
    `{"hook":"${'x'.repeat(400)}"}`,
    '{',
    '',
  ])('is refused in a sentence when it says %s', (json) => {
    expect(parseLink(linkOf(json))).toMatchObject({
      status: 'bad',
      message: expect.stringMatching(/^The link could not be read\. .+\.$/) as string,
    });
  });

  it('that is a bomb is refused before it unfolds', () => {
    const bomb = linkOf(`{"text":"${'a'.repeat(50_000_000)}"}`);
    expect(bomb.length).toBeLessThan(100_000);
    expect(parseLink(bomb)).toMatchObject({ status: 'bad', message: expect.stringContaining('unfolds') as string });
    expect(parseLink(`#v1.${'A'.repeat(1_000_000)}`)).toMatchObject({
      status: 'bad',
      message: expect.stringContaining('too long') as string,
    });
  });

  it('damaged anywhere is never an exception', () => {
    const { hash } = encodeLink(FULL);
    for (let cut = 1; cut < hash.length; cut++) expect(['bad', 'none']).toContain(parseLink(hash.slice(0, cut)).status);
    for (let i = 0; i < 2000; i++) {
      const at = 4 + Math.floor(noise(i, 7) * (hash.length - 4));
      const letter = String.fromCharCode(33 + Math.floor(noise(i, 8) * 90));
      const parsed = parseLink(hash.slice(0, at) + letter + hash.slice(at + 1));
      if (parsed.status === 'link') expect(typeof parsed.state).toBe('object');
    }
  });
});
