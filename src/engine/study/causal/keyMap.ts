/**
 * Keys and values of a block as a function of what enters it. With n = (x − mean x) / σ, whose sum is 0, both are
 * base + n·A: LayerNorm's weight and bias, the projection and its bias are all in A and base. The weights lie in the
 * runtime's session, so base is read at x = 0 and the rows of A at long unit vectors. For x + a·d they then follow from
 * those of x without a product: σ of the new row, and d·A once for all texts and positions.
 */
import { causalMask, rotaryAngles } from '../../../core/lm/rotary.ts';
import type { HookedModel } from '../../model/hookedModel.ts';
import type { BlockKeys } from './bases.ts';

interface KeyMap {
  /** Of x = 0, before rotation. [d_model], heads side by side */
  base: { k: Float32Array; v: Float32Array };
  /** [d_model, d_model] */
  rows: { k: Float32Array; v: Float32Array };
}

/** What a direction adds to keys and values when n moves along it by 1, and its own mean and variance. */
interface KeyDirection {
  k: Float32Array;
  v: Float32Array;
  mean: number;
  variance: number;
}

/** So long that LayerNorm's epsilon is not felt. */
const LONG = 1024;
/** Rows of one call. */
const TOGETHER = 128;

/** Made once for each block of a model. @throws EngineError */
export async function keyChangerOf(model: HookedModel, layer: number): Promise<KeyChanger> {
  const known = changers.get(model) ?? new Map<number, KeyChanger>();
  changers.set(model, known);
  const changer = known.get(layer) ?? new KeyChanger(model, await readKeyMap(model, layer));
  known.set(layer, changer);
  return changer;
}

async function readKeyMap(model: HookedModel, layer: number): Promise<KeyMap> {
  const { d_model: D, layer_norm_eps } = model.config;
  const base = await keysAtZero(model, layer, new Float32Array(2 * D));
  const map: KeyMap = {
    base: { k: base.k.slice(0, D), v: base.v.slice(0, D) },
    rows: { k: new Float32Array(D * D), v: new Float32Array(D * D) },
  };
  const sigma = Math.sqrt(LONG * LONG * (1 / D - 1 / (D * D)) + layer_norm_eps);
  for (let first = 0; first < D; first += TOGETHER) {
    const count = Math.min(TOGETHER, D - first);
    const x = new Float32Array(Math.max(2, count) * D);
    for (let i = 0; i < count; i++) x[i * D + first + i] = LONG;
    const found = await keysAtZero(model, layer, x);
    for (const which of ['k', 'v'] as const) {
      for (let i = 0; i < count; i++) {
        for (let j = 0; j < D; j++) {
          map.rows[which][(first + i) * D + j] = ((found[which][i * D + j] - map.base[which][j]) * sigma) / LONG;
        }
      }
    }
  }
  return map;
}

/** Keys and values of rows that all stand at position 0, where nothing is turned. @param x [N, d_model]. @returns [N, d_model] */
async function keysAtZero(model: HookedModel, layer: number, x: Float32Array): Promise<{ k: Float32Array; v: Float32Array }> {
  const { config, runtime } = model;
  const { d_model: D, n_heads: H, d_head: E, rotary_dim } = config;
  const N = x.length / D;
  const half = rotary_dim / 2;
  const empty = [1, H, 0, E];
  const out = await model.blocks[layer].run(
    {
      resid: runtime.tensor(x, [1, N, D]),
      cos: runtime.tensor(new Float32Array(N * half).fill(1), [N, half]),
      sin: runtime.tensor(new Float32Array(N * half), [N, half]),
      mask: runtime.tensor(causalMask(0, N), [N, N]),
      past_k: runtime.tensor(new Float32Array(0), empty),
      past_v: runtime.tensor(new Float32Array(0), empty),
      dz: runtime.tensor(new Float32Array(1), [1, 1, 1]),
      dpost: runtime.tensor(new Float32Array(1), [1, 1, 1]),
    },
    ['present_k', 'present_v'],
  );
  const [k, v] = [await runtime.read(out.present_k), await runtime.read(out.present_v)];
  const rows = (heads: Float32Array) => {
    const side = new Float32Array(N * D);
    for (let h = 0; h < H; h++) {
      for (let i = 0; i < N; i++) side.set(heads.subarray((h * N + i) * E, (h * N + i + 1) * E), i * D + h * E);
    }
    return side;
  };
  return { k: rows(k), v: rows(v) };
}

/** d·A. */
function directionOf({ rows }: KeyMap, vector: Float32Array): KeyDirection {
  const D = vector.length;
  const mean = vector.reduce((sum, x) => sum + x, 0) / D;
  const [k, v] = [new Float64Array(D), new Float64Array(D)];
  let variance = 0;
  for (let i = 0; i < D; i++) {
    const d = vector[i] - mean;
    variance += (d * d) / D;
    for (let j = 0, at = i * D; j < D; j++) {
      k[j] += d * rows.k[at + j];
      v[j] += d * rows.v[at + j];
    }
  }
  return { k: Float32Array.from(k), v: Float32Array.from(v), mean, variance };
}

/** Turns a key of position 0 to a position: halves of the rotated part of each head. @param at of the position's angles */
function turn(key: Float32Array, out: Float32Array, to: number, { cos, sin, half }: Angles, at: number, E: number): void {
  out.set(key, to);
  for (let h = 0; h < key.length; h += E) {
    for (let j = 0; j < half; j++) {
      const a = key[h + j];
      const b = key[h + j + half];
      out[to + h + j] = a * cos[at + j] - b * sin[at + j];
      out[to + h + j + half] = b * cos[at + j] + a * sin[at + j];
    }
  }
}

interface Angles {
  cos: Float32Array;
  sin: Float32Array;
  half: number;
}

/** A text's rows that change, and what of them every change needs. */
interface Rows {
  /** [pos, d_model] */
  values: Float32Array;
  means: Float64Array;
  variances: Float64Array;
}

/** Puts keys and values of x + amount·d in place of those of x. */
class KeyChanger {
  readonly #map: KeyMap;
  readonly #angles: Angles;
  readonly #heads: number;
  readonly #epsilon: number;
  /** The keys of x = 0 at each position. [n_ctx, d_model] */
  readonly #bases: Float32Array;
  readonly #along: Float32Array;
  readonly #rows = new WeakMap<Float32Array, Rows>();
  readonly #directions = new WeakMap<Float32Array, KeyDirection>();

  constructor({ config }: HookedModel, map: KeyMap) {
    const { d_model: D, d_head: E, n_ctx, rotary_dim, n_heads, layer_norm_eps } = config;
    this.#map = map;
    this.#angles = { ...rotaryAngles(config, 0, n_ctx), half: rotary_dim / 2 };
    this.#heads = n_heads;
    this.#epsilon = layer_norm_eps;
    this.#along = new Float32Array(D);
    this.#bases = new Float32Array(n_ctx * D);
    for (let p = 0; p < n_ctx; p++) turn(map.base.k, this.#bases, p * D, this.#angles, p * this.#angles.half, E);
  }

  /**
   * @param values of the text before the change. [pos, d_model]
   * @param keys of that text at `first` + head · `step`, changed in place
   */
  change(values: Float32Array, vector: Float32Array, amount: number, position: number, keys: BlockKeys, first: number, step: number): void {
    const { k, v, mean, variance } = this.#directionOf(vector);
    const rows = this.#rowsOf(values, vector.length);
    const D = vector.length;
    const E = D / this.#heads;
    const own = rows.means[position];
    let together = 0;
    for (let i = 0, at = position * D; i < D; i++) together += (values[at + i] - own) * (vector[i] - mean);
    const spread = rows.variances[position];
    const after = Math.sqrt(Math.max(0, spread + (2 * amount * together) / D + amount * amount * variance) + this.#epsilon);
    // Where nothing is added this is exactly 1, and the keys stay as they are to the bit.
    const ratio = amount === 0 ? 1 : Math.sqrt(spread + this.#epsilon) / after;
    const added = amount / after;
    const rest = 1 - ratio;
    const along = this.#along;
    turn(k, along, 0, this.#angles, position * this.#angles.half, E);
    const bases = this.#bases;
    const baseV = this.#map.base.v;
    for (let h = 0, i = 0; h < this.#heads; h++) {
      for (let e = 0, at = first + h * step, b = position * D + h * E; e < E; e++, i++, at++, b++) {
        keys.k[at] = ratio * keys.k[at] + rest * bases[b] + added * along[i];
        keys.v[at] = ratio * keys.v[at] + rest * baseV[i] + added * v[i];
      }
    }
  }

  #directionOf(vector: Float32Array): KeyDirection {
    let direction = this.#directions.get(vector);
    if (!direction) this.#directions.set(vector, (direction = directionOf(this.#map, vector)));
    return direction;
  }

  #rowsOf(values: Float32Array, D: number): Rows {
    let rows = this.#rows.get(values);
    if (rows) return rows;
    const pos = values.length / D;
    rows = { values, means: new Float64Array(pos), variances: new Float64Array(pos) };
    for (let p = 0; p < pos; p++) {
      let [sum, squares] = [0, 0];
      for (let i = p * D; i < (p + 1) * D; i++) sum += values[i];
      for (let i = p * D; i < (p + 1) * D; i++) squares += (values[i] - sum / D) ** 2;
      rows.means[p] = sum / D;
      rows.variances[p] = squares / D;
    }
    this.#rows.set(values, rows);
    return rows;
  }
}

const changers = new WeakMap<HookedModel, Map<number, KeyChanger>>();
