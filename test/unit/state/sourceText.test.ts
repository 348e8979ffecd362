import { describe, expect, it } from 'vitest';
import { excerptAround, sourceSlice, textOfTokens } from '../../../src/state/explore/sourceText.ts';

describe('sourceSlice', () => {
  it('is a plain slice when the text is already composed', () => {
    expect(sourceSlice('café  ok', 3, 6)).toBe('é  ');
  });

  it('gives back the decomposed characters the person typed', () => {
    const typed = 'cafe\u0301 ok';
    expect(typed.normalize('NFC')).toHaveLength(7);
    expect(sourceSlice(typed, 3, 4)).toBe('e\u0301');
    expect(sourceSlice(typed, 0, 4)).toBe('cafe\u0301');
    expect(sourceSlice(typed, 4, 7)).toBe(' ok');
  });

  it('composes Hangul jamo as one', () => {
    const typed = '\u1112\u1161\u11ab!';
    expect(typed.normalize('NFC')).toBe('한!');
    expect(sourceSlice(typed, 0, 1)).toBe('\u1112\u1161\u11ab');
    expect(sourceSlice(typed, 1, 2)).toBe('!');
  });

  it('keeps singletons such as the ångström sign as typed', () => {
    expect(sourceSlice('\u212b5', 0, 1)).toBe('\u212b');
  });

  it('gives the whole of any text back, whatever its form', () => {
    for (const text of ['e\u0301e\u0301', '\u0301a', 'a\u0327\u0301\u0323b', '🦊\u1100\u1161x', '\uac00\u11a8']) {
      expect(sourceSlice(text, 0, text.normalize('NFC').length)).toBe(text);
    }
  });
});

describe('textOfTokens', () => {
  const typed = ' “e\u0301t🦊\n';
  // nfc: ' “ét🦊\n'
  const spans: [number, number][] = [
    [0, 2],
    [1, 2],
    [2, 4],
    [4, 6],
    [4, 6],
    [6, 7],
  ];

  it('covers the characters of the first to the last token, split characters whole', () => {
    expect(textOfTokens(typed, spans, 1, 2)).toBe('“e\u0301t');
    expect(textOfTokens(typed, spans, 4, 5)).toBe('🦊\n');
    expect(textOfTokens(typed, spans, 0, 5)).toBe(typed);
  });

  it('is empty for tokens without characters', () => {
    expect(textOfTokens('ab', [[0, 0]], 0, 0)).toBe('');
  });
});

describe('excerptAround', () => {
  it('marks what was cut and joins lines', () => {
    expect(excerptAround('one two\nthree four', [8, 13], 4)).toBe('…two three fou…');
    expect(excerptAround('short', [0, 5])).toBe('short');
  });
});
