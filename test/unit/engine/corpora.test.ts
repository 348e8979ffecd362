/** Corpora as token ids. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createTokenizer } from '../../../src/engine/model/tokenizer.ts';
import { corpusNames, cutText, tokenizeCorpora, type OpenedCorpora } from '../../../src/engine/text/corpora.ts';

const MODEL = resolve(import.meta.dirname, '../../../public/models/bookworm-9m');
const MOBY = resolve(import.meta.dirname, '../../../public/corpora/moby-dick.txt');
const tokenizer = createTokenizer(readFileSync(join(MODEL, 'tokenizer.json'), 'utf8'), undefined);

const corpora = (...documents: string[]): OpenedCorpora => ({
  version: 'v',
  async *documents() {
    for (const document of documents) yield await Promise.resolve(document);
  },
});
const { signal } = new AbortController();

describe('cutting text', () => {
  it('loses nothing, and no piece is too long', () => {
    const text = readFileSync(MOBY, 'utf8').slice(0, 300_000);
    const pieces = [...cutText(text, 4096)];
    expect(pieces.join('')).toBe(text);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThanOrEqual(4096);
    expect(pieces.length).toBeGreaterThan(73);
  });

  it('leaves the tokens as they are', () => {
    const text = readFileSync(MOBY, 'utf8').slice(0, 100_000);
    expect([...cutText(text, 16_384)].flatMap((piece) => tokenizer.encode(piece))).toEqual(tokenizer.encode(text));
    const spaced = 'one \n\n two\n\n\nthree \r\n four\n'.repeat(40);
    expect([...cutText(spaced, 50)].flatMap((piece) => tokenizer.encode(piece))).toEqual(tokenizer.encode(spaced));
  });

  it('cuts a text without line breaks between whole characters', () => {
    const text = '😀'.repeat(50);
    const pieces = [...cutText(text, 7)];
    expect(pieces.join('')).toBe(text);
    expect(pieces.every((piece) => piece.isWellFormed())).toBe(true);
  });
});

describe('corpora as ids', () => {
  it('begin every document with end-of-text, and have the hash of their ids', async () => {
    const { ids, hash } = await tokenizeCorpora(corpora('The sea.', 'A ship.\n'), tokenizer, 0, { signal });
    expect([...ids]).toEqual([0, ...tokenizer.encode('The sea.'), 0, ...tokenizer.encode('A ship.\n')]);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    const other = await tokenizeCorpora(corpora('The sea.', 'A ship!\n'), tokenizer, 0, { signal });
    expect(other.hash).not.toBe(hash);
  });

  it('say how far they are and stop when asked', async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const long = 'word after word\n'.repeat(20_000);
    const stopped = tokenizeCorpora(corpora(long, long), tokenizer, 0, {
      signal: controller.signal,
      onProgress: (characters) => {
        seen.push(characters);
        if (seen.length === 3) controller.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'abort' });
    expect(seen).toHaveLength(3);
    expect(seen[2]).toBeGreaterThan(100_000);
  });

  it('have names', () => {
    expect(corpusNames(undefined)).toEqual(['moby-dick']);
    expect(corpusNames(['a', 'b'])).toEqual(['a', 'b']);
    for (const bad of [7, [], ['a', 7], null]) expect(() => corpusNames(bad)).toThrow(/`corpus` must be the name/);
    expect(() => corpusNames(['a', 'a'])).toThrow(/twice/);
  });
});
