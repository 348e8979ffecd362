/**
 * What fired and what nearly did, of one dictionary: pre-activations above what a near miss must reach to be kept. As
 * that rises, little more comes back than what fires.
 */
import type { Stop } from '../../core/errors.ts';
import type { IndexState } from '../../core/interp/featureIndex/indexState.ts';
import type { Dictionary } from '../../core/sae/dictionary.ts';
import { LatentsBuilder, type Latents } from '../../core/sae/latents.ts';
import { getPlan, withFloors } from '../../core/sae/plan.ts';
import type { SaeEngine } from '../../kernels/engine.ts';
import { encodeRows } from '../model/encodeRows.ts';

/** Rows encoded before anything is known of near misses; all their pre-activations come back. */
const FIRST_ROWS = 32;
/** Numbers that one look at all pre-activations may give (12 bytes each). */
const MOST_DENSE = 2 ** 21;

/** Floors are looked at anew when so many times the rows were seen: lower ones let more through, packing weights anew costs some milliseconds. */
const REFRESH = 1.4;

export interface Encoded {
  fired: Latents;
  missed: Latents;
}

export class IndexEncoder {
  readonly #engine: SaeEngine;
  readonly #dictionary: Dictionary;
  readonly #state: IndexState;
  /** Latents are on above this, if that is all there is to it. [d_sae] */
  readonly #thresholds: Float32Array | undefined;
  readonly #isSigned: boolean;
  #view: Dictionary | undefined;
  #seen = 0;
  #refreshAt = 0;

  constructor(engine: SaeEngine, dictionary: Dictionary, state: IndexState) {
    const { k, groupSize, gateBias, threshold, isSigned = false } = getPlan(dictionary);
    this.#engine = engine;
    this.#dictionary = dictionary;
    this.#state = state;
    this.#isSigned = isSigned;
    const isSimple = k === undefined && !groupSize && !gateBias;
    if (isSimple) this.#thresholds = threshold ? Float32Array.from(threshold) : new Float32Array(dictionary.config.d_sae);
  }

  /** Rows that may be given at once, so that early looks at everything stay small. */
  rows(most: number): number {
    if (this.#isSigned) return most;
    const first = Math.max(1, Math.min(FIRST_ROWS, Math.floor(MOST_DENSE / this.#dictionary.config.d_sae)));
    return Math.min(most, Math.max(first, this.#seen));
  }

  /** @param x [n, d_in]. @throws AbortedError; EngineError */
  async encode(x: Float32Array, stop?: Stop): Promise<Encoded> {
    const n = x.length / this.#dictionary.config.d_in;
    // Signed latents are on everywhere.
    if (this.#isSigned) return { fired: await encodeRows(this.#engine, this.#dictionary, x, stop), missed: noneOf(n, this.#state) };
    const above = await encodeRows(this.#engine, this.#floored(), x, stop);
    this.#seen += n;
    if (this.#thresholds) return splitAt(above, this.#thresholds);
    const fired = await encodeRows(this.#engine, this.#dictionary, x, stop);
    return { fired, missed: without(above, fired) };
  }

  release(): void {
    if (this.#view) this.#engine.forget(this.#view);
    this.#view = undefined;
  }

  #floored(): Dictionary {
    if (this.#view && this.#seen < this.#refreshAt) return this.#view;
    this.release();
    const floors = this.#state.nearFloors();
    const thresholds = this.#thresholds;
    // The encoder keeps what is strictly above; one that equals the worst kept may still come earlier in the corpus.
    const lowered = floors.map((floor, j) => Math.min(floor - Math.abs(floor) * 1e-6 - 1e-30, thresholds?.[j] ?? Infinity));
    this.#refreshAt = REFRESH * this.#seen;
    return (this.#view = withFloors(this.#dictionary, lowered));
  }
}

function noneOf(n: number, { sizes }: IndexState): Latents {
  return { rows: new Uint32Array(n + 1), latents: new Uint32Array(0), values: new Float32Array(0), d_sae: sizes.d_sae };
}

function splitAt({ rows, latents, values, d_sae }: Latents, thresholds: Float32Array): Encoded {
  const n = rows.length - 1;
  const fired = new LatentsBuilder(n);
  const missed = new LatentsBuilder(n);
  for (let r = 0; r < n; r++) {
    for (let e = rows[r]; e < rows[r + 1]; e++) {
      if (values[e] > thresholds[latents[e]]) fired.add(latents[e], values[e]);
      else missed.add(latents[e], values[e]);
    }
    fired.endRow();
    missed.endRow();
  }
  return { fired: fired.finish(d_sae, {}), missed: missed.finish(d_sae, {}) };
}

/** Entries whose latents did not fire in their row; both rise within a row. */
function without(above: Latents, fired: Latents): Latents {
  const n = above.rows.length - 1;
  const rest = new LatentsBuilder(n);
  for (let r = 0; r < n; r++) {
    let f = fired.rows[r];
    for (let e = above.rows[r]; e < above.rows[r + 1]; e++) {
      while (f < fired.rows[r + 1] && fired.latents[f] < above.latents[e]) f++;
      if (f === fired.rows[r + 1] || fired.latents[f] !== above.latents[e]) rest.add(above.latents[e], above.values[e]);
    }
    rest.endRow();
  }
  return rest.finish(above.d_sae, {});
}
