import { describe, expect, test } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { readBytes, tokenBytes } from '../../../src/core/lm/tokens.ts';
import { createTokenizer } from '../../../src/engine/model/tokenizer.ts';
import { fixtureJson, readFixture } from '../formats/helpers.ts';

const bytesOf = (text: string) => [...new TextEncoder().encode(text)];

describe('the byte alphabet', () => {
  const letters = new Map<number, string>();
  for (let code = 0; code < 0x200; code++) {
    const bytes = tokenBytes(String.fromCodePoint(code));
    if (bytes) letters.set(bytes[0], String.fromCodePoint(code));
  }

  test('every byte has one letter and comes back from it', () => {
    expect([...letters.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: 256 }, (_, b) => b));
    expect(new Set(letters.values()).size).toBe(256);
    for (const [byte, letter] of letters) expect(tokenBytes(letter)).toEqual([byte]);
  });

  test('its letters are GPT-2’s: Ġ is the space, Ċ the newline, printable bytes stand for themselves', () => {
    expect(tokenBytes('Ġthe')).toEqual(bytesOf(' the'));
    expect(tokenBytes('Ċ')).toEqual([10]);
    expect(tokenBytes('Ā')).toEqual([0]);
    expect(tokenBytes('ĉ')).toEqual([9]);
    expect(tokenBytes('Ń')).toEqual([0xad]);
    expect(tokenBytes('ł')).toEqual([0xa0]);
    for (let byte = 33; byte <= 126; byte++) expect(letters.get(byte)).toBe(String.fromCharCode(byte));
  });

  test('any text spelt in it reads back as its UTF-8 bytes', () => {
    for (const text of ['naïve café', '🦊 日本語\n\t', '\u0000\u007f\u00ad']) {
      const spelt = bytesOf(text)
        .map((byte) => letters.get(byte))
        .join('');
      expect(tokenBytes(spelt)).toEqual(bytesOf(text));
    }
  });

  test('what is not spelt in it has no bytes', () => {
    expect(tokenBytes('two words')).toBeUndefined();
    expect(tokenBytes('語')).toBeUndefined();
    expect(tokenBytes('')).toEqual([]);
  });
});

describe('bytes as text', () => {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  test('each byte lies in the whole of its character', () => {
    expect(readBytes(bytesOf('a🦊b'))).toEqual({
      text: 'a🦊b',
      spans: [
        [0, 1],
        [1, 3],
        [1, 3],
        [1, 3],
        [1, 3],
        [3, 4],
      ],
    });
  });

  test('bytes that are no text read as TextDecoder reads them', () => {
    const random = createRandom(7);
    const telling = [
      0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff,
    ];
    for (let n = 0; n < 5000; n++) {
      const bytes = Array.from({ length: 1 + Math.floor(random() * 8) }, () => telling[Math.floor(random() * telling.length)]);
      const { text, spans } = readBytes(bytes);
      expect(text, bytes.join(' ')).toBe(decoder.decode(Uint8Array.from(bytes)));
      expect(spans).toHaveLength(bytes.length);
    }
  });
});

describe('a tokenizer file', () => {
  const text = (path: string) => new TextDecoder().decode(readFixture(path));
  const tokenizer = createTokenizer(text('tiny-neox/tokenizer.json'), text('tiny-neox/tokenizer_config.json'));
  const golden = fixtureJson('tiny-neox/tokenizer_golden.json') as { cases: { text: string; ids: number[]; decoded: string }[] };

  test('gives the ids and the decoded text of every golden case', () => {
    expect(golden.cases).toHaveLength(27);
    for (const { text, ids, decoded } of golden.cases) {
      expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(decoded);
    }
  });

  test('spans walk the NFC text from end to end without a gap, and spell it', () => {
    for (const { text } of golden.cases) {
      const nfc = text.normalize('NFC');
      const { tokens, spans } = tokenizer.tokenize(text);
      let reached = 0;
      spans.forEach(([from, to], i) => {
        expect(from).toBeLessThanOrEqual(reached);
        if (from < reached) expect(tokens[i], JSON.stringify(text)).toContain('\uFFFD');
        else if (!tokens[i].includes('\uFFFD')) expect(nfc.slice(from, to)).toBe(tokens[i]);
        reached = Math.max(reached, to);
      });
      expect(reached).toBe(nfc.length);
    }
  });

  test('a decomposed letter is one character of the NFC text', () => {
    const { ids, spans } = tokenizer.tokenize('e\u0301!');
    expect(ids).toEqual(tokenizer.encode('\u00e9!'));
    expect(spans.at(0)).toEqual([0, 1]);
    expect(spans.at(-1)).toEqual([1, 2]);
  });

  test('the bytes of an emoji are tokens that all cover it', () => {
    const { ids, tokens, spans } = tokenizer.tokenize('🦊');
    expect(ids.length).toBeGreaterThan(1);
    expect(spans).toEqual(ids.map(() => [0, 2]));
    expect(tokens.every((token) => token.includes('\uFFFD'))).toBe(true);
    expect(tokenizer.decode(ids)).toBe('🦊');
  });

  test('<|endoftext|> is one token with its own characters', () => {
    const { ids, tokens, spans } = tokenizer.tokenize('a<|endoftext|>b');
    expect(ids).toEqual([tokenizer.encode('a')[0], 0, tokenizer.encode('b')[0]]);
    expect(tokens[1]).toBe('<|endoftext|>');
    expect(spans).toEqual([
      [0, 1],
      [1, 14],
      [14, 15],
    ]);
  });

  test('half a surrogate pair is read as U+FFFD, which is what UTF-8 makes of it', () => {
    expect(tokenizer.encode('a\ud83e')).toEqual(tokenizer.encode('a\uFFFD'));
  });

  test('the vocabulary counts its added tokens, and ids beyond it have a name in brackets', () => {
    expect(tokenizer.size).toBe(300);
    expect(tokenizer.token(299)).toBe('  ');
    expect(tokenizer.token(300)).toBe('[300]');
  });

  test('what is no text and what is far too long is refused by a sentence', () => {
    expect(() => tokenizer.encode(5 as unknown as string)).toThrow('`text` must be a string.');
    expect(() => tokenizer.encode('x'.repeat(2_000_001))).toThrow(/2000001 characters; at most 2000000/);
  });

  test('a tokenizer.json the library cannot use is refused by a sentence', () => {
    expect(() => createTokenizer('{}', undefined)).toThrow(/^The tokenizer of this model cannot be read/);
    expect(() => createTokenizer('{', undefined)).toThrow(/^The tokenizer of this model cannot be read/);
  });
});
