/** What is added to a latent's values when it is set to 0, to its mean, to what it is in another context, or kept alone. */
import { createRandom } from '../../array/random.ts';
import type { Latents } from '../../sae/latents.ts';
import type { Mode } from './effect.ts';

/** Where a latent fires, rising, and how strongly. */
interface Column {
  positions: number[];
  values: number[];
}

/** A change of one latent: only positions where something is added, rising; amounts in units of its decoder vector. */
export interface Change {
  positions: number[];
  amounts: number[];
}

const NOWHERE: Column = { positions: [], values: [] };

/** Latents of a text, latent by latent. */
export class Columns {
  readonly length: number;
  readonly byLatent = new Map<number, Column>();
  readonly #scale: Float32Array | undefined;

  constructor({ rows, latents, values, scale }: Latents) {
    this.length = rows.length - 1;
    this.#scale = scale;
    for (let p = 0; p < this.length; p++) {
      for (let e = rows[p]; e < rows[p + 1]; e++) {
        let column = this.byLatent.get(latents[e]);
        if (!column) this.byLatent.set(latents[e], (column = { positions: [], values: [] }));
        column.positions.push(p);
        column.values.push(values[e]);
      }
    }
  }

  of(latent: number): Column {
    return this.byLatent.get(latent) ?? NOWHERE;
  }

  /** 0 where it is off. */
  valueAt(latent: number, position: number): number {
    const { positions, values } = this.of(latent);
    const slot = positions.indexOf(position);
    return slot < 0 ? 0 : values[slot];
  }

  /** What a value at a position is multiplied by on its way out. */
  scaleAt(position: number): number {
    return this.#scale?.[position] ?? 1;
  }
}

interface ChangeParts {
  mode: Mode;
  /** Of the text. */
  own: Columns;
  /** Of the text that values are taken from; aligned at the last tokens, 0 before its first. For 'resample'. */
  other?: Columns;
  /** Over the corpus. For 'mean'. */
  mean?: number;
}

/** In mode 'restore' what is added where all latents of the dictionary are off. */
export function changeOf({ mode, own, other, mean = 0 }: ChangeParts, latent: number): Change {
  const { positions, values } = own.of(latent);
  const to = (p: number) => (mode === 'mean' ? mean : other!.valueAt(latent, p + other!.length - own.length));
  if (mode === 'zero' || mode === 'restore') {
    const sign = mode === 'zero' ? -1 : 1;
    return { positions, amounts: values.map((value, slot) => sign * value * own.scaleAt(positions[slot])) };
  }
  const change: Change = { positions: [], amounts: [] };
  for (let p = 0, slot = 0; p < own.length; p++) {
    const value = positions[slot] === p ? values[slot++] : 0;
    const amount = (to(p) - value) * own.scaleAt(p);
    if (amount === 0) continue;
    change.positions.push(p);
    change.amounts.push(amount);
  }
  return change;
}

/** From which context each takes its values: all in one ring, drawn by the seed. @param n 2 or more */
export function drawDonors(n: number, seed: number): number[] {
  const random = createRandom(seed);
  const ring = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [ring[i], ring[j]] = [ring[j], ring[i]];
  }
  const donors = new Array<number>(n);
  ring.forEach((context, place) => (donors[context] = ring[(place + 1) % n]));
  return donors;
}
