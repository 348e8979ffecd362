/** Ids word by word are the library's. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { wordEncoder } from '../../../src/engine/model/wordEncoder.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const FILE = readFileSync(join(ROOT, 'public/models/bookworm-9m/tokenizer.json'), 'utf8');

/** The library, with what `change` makes of the file; `asked` are the texts it was given. */
function library(change: (json: Record<string, unknown>) => void = () => {}) {
  const json = JSON.parse(FILE) as Record<string, unknown>;
  change(json);
  const hub = new Tokenizer(json, {});
  const asked: string[] = [];
  const whole = (text: string) => {
    asked.push(text);
    return hub.encode(text, { add_special_tokens: false }).ids;
  };
  return { hub, asked, whole };
}

const ALPHABETS = ['abcdefg ', "  \n\t\r don't we'll", 'é́ñäÅÅ한한', '😀👩‍👩‍👧 中文字', '0123456789.,;:!?-–—"\'’', '<|endoftext|>'];

function randomText(random: () => number): string {
  const pieces = Array.from({ length: 40 }, () => {
    const letters = [...ALPHABETS[Math.floor(random() * (ALPHABETS.length - 1))]];
    return Array.from({ length: 1 + Math.floor(random() * 6) }, () => letters[Math.floor(random() * letters.length)]).join('');
  });
  return pieces.join('');
}

describe('text word by word', () => {
  it('has the ids of a book, and does not ask the library', () => {
    const { hub, asked, whole } = library();
    const text = readFileSync(join(ROOT, 'public/corpora/moby-dick.txt'), 'utf8').slice(0, 200_000);
    const expected = whole(text);
    asked.length = 0;
    const encode = wordEncoder(hub, {}, whole);
    expect(encode(text)).toEqual(expected);
    expect(encode(text)).toEqual(expected);
    expect(asked).toEqual([]);
  });

  it('has the ids of random texts of many scripts, with and without a normalizer', () => {
    const random = createRandom(3);
    for (const normalizer of [{ type: 'NFC' }, null]) {
      const { hub, whole } = library((json) => (json.normalizer = normalizer));
      const encode = wordEncoder(hub, {}, whole);
      for (let i = 0; i < 200; i++) {
        const text = randomText(random);
        expect(encode(text)).toEqual(whole(text));
      }
      expect(encode('')).toEqual([]);
    }
  });

  it('leaves long words to the library', () => {
    const { hub, asked, whole } = library();
    const text = `a ${'whaleroad'.repeat(20)} z`;
    const expected = whole(text);
    asked.length = 0;
    expect(wordEncoder(hub, {}, whole)(text)).toEqual(expected);
    expect(asked).toEqual([` ${'whaleroad'.repeat(20)}`]);
  });

  it('asks the library once for each word of a model that merges in another way', () => {
    const { hub, asked, whole } = library((json) => ((json.model as Record<string, unknown>).ignore_merges = true));
    const text = 'the whale and the sea and the whale';
    const expected = whole(text);
    asked.length = 0;
    expect(wordEncoder(hub, {}, whole)(text)).toEqual(expected);
    expect(asked).toEqual(['the', ' whale', ' and', ' the', ' sea']);
  });

  it('leaves texts with added tokens, and tokenizers of another kind, to the library', () => {
    const { hub, asked, whole } = library();
    const text = 'the end<|endoftext|>of it';
    expect(wordEncoder(hub, {}, whole)(text)).toEqual(whole(text));
    expect(asked).toEqual([text, text]);
    expect(wordEncoder(hub, { remove_space: true }, whole)).toBe(whole);
    const spaced = library((json) => (json.pre_tokenizer = { type: 'ByteLevel', add_prefix_space: true, use_regex: true }));
    expect(wordEncoder(spaced.hub, {}, spaced.whole)).toBe(spaced.whole);
    const lower = library((json) => (json.normalizer = { type: 'Lowercase' }));
    expect(wordEncoder(lower.hub, {}, lower.whole)).toBe(lower.whole);
  });
});
