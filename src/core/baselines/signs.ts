/**
 * Which way a component points, as the 2026 re-evaluation of Cunningham et al. 2023 fixes it (arXiv 2606.11722): a feature is
 * judged by its largest values, so each sign is that of the sum of its 20 values of largest size.
 */

const LARGEST = 20;

export class SignFixer {
  readonly #components: number;
  /** The values of largest size so far, falling by size. [components, LARGEST] */
  readonly #values: Float64Array;

  constructor(components: number) {
    this.#components = components;
    this.#values = new Float64Array(components * LARGEST);
  }

  /** @param scores [n, components] */
  add(scores: ArrayLike<number>): void {
    const values = this.#values;
    for (let at = 0, c = 0; at < scores.length; at++) {
      const value = scores[at];
      const last = (c + 1) * LARGEST - 1;
      if (Math.abs(value) > Math.abs(values[last])) {
        let slot = last;
        for (; slot > c * LARGEST && Math.abs(value) > Math.abs(values[slot - 1]); slot--) values[slot] = values[slot - 1];
        values[slot] = value;
      }
      if (++c === this.#components) c = 0;
    }
  }

  /** −1 where a component is to be turned, else 1. */
  signs(): (1 | -1)[] {
    return Array.from({ length: this.#components }, (_, c) => {
      const sum = this.#values.subarray(c * LARGEST, (c + 1) * LARGEST).reduce((a, b) => a + b, 0);
      return sum < 0 ? -1 : 1;
    });
  }
}

/** Turns rows, in place. @param rows [signs.length, d] */
export function turn(rows: Float64Array, signs: readonly (1 | -1)[]): void {
  const d = rows.length / signs.length;
  signs.forEach((sign, c) => {
    if (sign < 0) for (let i = c * d; i < (c + 1) * d; i++) rows[i] = -rows[i];
  });
}
