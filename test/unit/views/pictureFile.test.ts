import { describe, expect, it } from 'vitest';
import { linesOf } from '../../../src/views/shared/pictureFile.ts';

describe('the words under the title of a saved picture', () => {
  it('go on in another line where they would be cut off', () => {
    expect(linesOf('counts of tokens by value', 10)).toEqual(['counts of', 'tokens by', 'value']);
    expect(linesOf('counts of tokens by value', 80)).toEqual(['counts of tokens by value']);
  });

  it('are never broken within a word, and none is lost', () => {
    const text = 'a verylongformulawithoutspaces  then more';
    expect(linesOf(text, 6)).toEqual(['a', 'verylongformulawithoutspaces', 'then', 'more']);
    expect(linesOf('', 6)).toEqual([]);
  });
});
