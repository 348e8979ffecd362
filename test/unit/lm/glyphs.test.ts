import { describe, expect, it } from 'vitest';
import { glyphText, groupTokens, isPartial, namedText, nameTokens, spokenToken, tokenGlyphs } from '../../../src/core/lm/glyphs.ts';

describe('tokenGlyphs', () => {
  it('shows leading spaces and leaves inner ones as they are', () => {
    expect(tokenGlyphs('  a b')).toEqual([
      { kind: 'space', text: '·' },
      { kind: 'space', text: '·' },
      { kind: 'text', text: 'a b' },
    ]);
  });

  it('shows newline, tab and other controls', () => {
    expect(glyphText('\n\t\r\x00\x7f\x85\u00a0')).toBe('↵⇥\\x0D\\x00\\x7F\\x85\\xA0');
    expect(tokenGlyphs('\n')[0].kind).toBe('newline');
    expect(tokenGlyphs('\x1b')[0].kind).toBe('control');
  });

  it('shows characters without ink by their code, but leaves joiners inside a sequence alone', () => {
    expect(glyphText('a\u200bb\ufeff\u202e')).toBe('a\\u200Bb\\uFEFF\\u202E');
    expect(glyphText('👩\u200d🚀')).toBe('👩\u200d🚀');
    expect(glyphText('\u200d')).toBe('\\u200D');
    expect(glyphText('\u{e0041}')).toBe('\\u{E0041}');
  });

  it('makes the end of text a pill and nothing else', () => {
    expect(tokenGlyphs('<|endoftext|>')).toEqual([{ kind: 'special', text: '<|endoftext|>' }]);
    expect(tokenGlyphs('<|end')).toEqual([{ kind: 'text', text: '<|end' }]);
  });

  it('never shows a bare replacement character', () => {
    expect(tokenGlyphs(' \uFFFD\uFFFD')).toEqual([
      { kind: 'space', text: '·' },
      { kind: 'partial', text: 'bytes' },
    ]);
    expect(glyphText('\uFFFD')).toBe('⟨bytes⟩');
    expect(glyphText('a')).not.toContain('\uFFFD');
    expect(tokenGlyphs('\uFFFD', true)).toEqual([{ kind: 'control', text: '\\uFFFD' }]);
    expect(isPartial(' \uFFFD')).toBe(true);
  });

  it('keeps markup as text', () => {
    expect(tokenGlyphs('<b>&amp;')).toEqual([{ kind: 'text', text: '<b>&amp;' }]);
  });

  it('reads tokens aloud in words', () => {
    expect(spokenToken(' the')).toBe('space the');
    expect(spokenToken('\n')).toBe('newline');
    expect(spokenToken('\uFFFD')).toBe('part of a character');
  });
});

describe('groupTokens', () => {
  it('joins tokens that share a character and only those', () => {
    const text = 'a 🦊b';
    const tokens = ['a', ' \uFFFD', '\uFFFD', 'b'];
    const spans: [number, number][] = [
      [0, 1],
      [1, 4],
      [2, 4],
      [4, 5],
    ];
    expect(groupTokens(text, tokens, spans)).toEqual([
      { first: 0, count: 1, text: 'a' },
      { first: 1, count: 2, text: ' 🦊' },
      { first: 3, count: 1, text: 'b' },
    ]);
    expect(nameTokens(text, tokens, spans).map(namedText)).toEqual(['a', '·🦊 1/2', '·🦊 2/2', 'b']);
  });

  it('joins neighbouring characters when one token ends in the middle of each', () => {
    const groups = groupTokens(
      'éü',
      ['\uFFFD', '\uFFFD\uFFFD', '\uFFFD'],
      [
        [0, 1],
        [0, 2],
        [1, 2],
      ],
    );
    expect(groups).toEqual([{ first: 0, count: 3, text: 'éü' }]);
  });

  it('keeps tokens without characters, such as a prepended end of text, apart', () => {
    const groups = groupTokens(
      'ab',
      ['<|endoftext|>', 'ab'],
      [
        [0, 0],
        [0, 2],
      ],
    );
    expect(groups.map((g) => [g.count, g.text])).toEqual([
      [1, '<|endoftext|>'],
      [1, 'ab'],
    ]);
  });
});
