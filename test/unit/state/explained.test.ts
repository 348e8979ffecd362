import { describe, expect, it } from 'vitest';
import { explainWindow } from '../../../src/core/sae/explained.ts';
import { explainText } from '../../../src/state/explore/explained.ts';

const rows = (...values: number[][]) => ({ data: Float32Array.from(values.flat()), shape: [values.length, values[0].length] });
const whole = (x: ReturnType<typeof rows>, xhat: ReturnType<typeof rows>) =>
  explainText([{ first: 0, explained: explainWindow(x.data, xhat.data, x.shape[0]) }], x.shape[0]);

describe('explained share', () => {
  it('is 1 − ‖x − x̂‖² / ‖x − mean‖², over the text and by token', () => {
    // Mean (2, 0); squared distances from it 4 and 4, errors 1 and 0.
    const { text, tokens } = whole(rows([0, 0], [4, 0]), rows([0, 1], [4, 0]));
    expect(text).toBe(1 - 1 / 8);
    expect([...tokens]).toEqual([0.75, 1]);
  });

  it('has no answer for one token, which is its own mean', () => {
    const x = rows([1, 2]);
    expect(whole(x, x).text).toBeNaN();
    expect(whole(x, x).tokens[0]).toBeNaN();
  });

  it('of a text in windows is that of the whole', () => {
    const x = rows([0, 0], [4, 0], [1, 7], [2, -3], [100, 50]);
    const xhat = rows([0, 1], [4, 0], [1, 6], [2.5, -3], [99, 50]);
    const part = (from: number, to: number) =>
      explainWindow(x.data.subarray(2 * from, 2 * to), xhat.data.subarray(2 * from, 2 * to), to - from);
    const parts = [
      { first: 0, explained: part(0, 2) },
      { first: 2, explained: part(2, 4) },
      { first: 4, explained: part(4, 5) },
    ];
    expect(explainText(parts, 5).text).toBeCloseTo(whole(x, xhat).text, 12);
    const some = explainText(parts.slice(1), 5);
    expect([...some.tokens].map(Number.isNaN)).toEqual([true, true, false, false, true]);
  });

  it('of a perfect copy is 1', () => {
    const x = rows([0, 0], [4, 0]);
    expect(whole(x, x).text).toBe(1);
  });
});
