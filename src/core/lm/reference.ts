/**
 * The plain TypeScript twin of the hooked model: one text, no cache, float64 sums, nothing clever. It is the
 * specification of the graphs in graphs.ts and of every edit, and the oracle of their tests. Far too slow for use.
 *
 * Model: GPT-NeoX with parallel residual (Black et al. 2022; transformers' GPTNeoXForCausalLM).
 */
import { activateAll } from './activations.ts';
import type { ModelConfig } from './config.ts';
import { blockHook, type BlockSite } from './hooks.ts';
import { rotaryAngles } from './rotary.ts';

interface ReferenceOptions {
  /** Called at every hook in forward order; what it returns goes on. Values as in `hookShape`, row-major. */
  visit?: (hook: string, values: Float32Array) => Float32Array;
}

/**
 * @param parameter canonical parameter by name (see parameters.ts), matrices [in, out]
 * @returns logits [ids.length, d_vocab]
 */
export function referenceForward(
  c: ModelConfig,
  parameter: (name: string) => Float32Array,
  ids: readonly number[],
  { visit = (_, values) => values }: ReferenceOptions = {},
): Float32Array {
  const T = ids.length;
  const D = c.d_model;
  let resid = new Float32Array(T * D);
  ids.forEach((id, t) => resid.set(parameter('embed.W_E').subarray(id * D, (id + 1) * D), t * D));
  resid = own(visit('hook_embed', resid));
  for (let layer = 0; layer < c.n_layers; layer++) {
    const at = (site: BlockSite, values: Float32Array) => own(visit(blockHook(layer, site), values));
    const w = (name: string) => parameter(`blocks.${layer}.${name}`);
    resid = at('hook_resid_pre', resid);
    const ln1 = at('ln1.hook_normalized', layerNorm(resid, w('ln1.w'), w('ln1.b'), c.layer_norm_eps));
    const ln2 = at('ln2.hook_normalized', layerNorm(resid, w('ln2.w'), w('ln2.b'), c.layer_norm_eps));
    const qkv = linear(ln1, w('attn.W_QKV'), w('attn.b_QKV'), T);
    const q = rotate(c, columns(qkv, T, 3 * D, 0, D), T);
    const k = rotate(c, columns(qkv, T, 3 * D, D, D), T);
    const v = at('attn.hook_v', columns(qkv, T, 3 * D, 2 * D, D));
    const pattern = at('attn.hook_pattern', attention(c, q, k, T));
    const z = at('attn.hook_z', mix(c, pattern, v, T));
    const attnOut = at('hook_attn_out', linear(z, w('attn.W_O'), w('attn.b_O'), T));
    const pre = at('mlp.hook_pre', linear(ln2, w('mlp.W_in'), w('mlp.b_in'), T));
    const post = at('mlp.hook_post', activateAll(c.activation, pre));
    const mlpOut = at('hook_mlp_out', linear(post, w('mlp.W_out'), w('mlp.b_out'), T));
    resid = at(
      'hook_resid_post',
      resid.map((x, i) => x + attnOut[i] + mlpOut[i]),
    );
  }
  const final = visit('ln_final.hook_normalized', layerNorm(resid, parameter('ln_final.w'), parameter('ln_final.b'), c.layer_norm_eps));
  return linear(final, parameter('unembed.W_U'), new Float32Array(c.d_vocab), T);
}

function own(values: Float32Array): Float32Array<ArrayBuffer> {
  return values.slice();
}

/** (x − mean) / sqrt(variance + eps) · w + b over the last axis; biased variance. @param x [rows, w.length] */
export function layerNorm(x: Float32Array, w: Float32Array, b: Float32Array, eps: number): Float32Array {
  const n = w.length;
  const out = new Float32Array(x.length);
  for (let start = 0; start < x.length; start += n) {
    let mean = 0;
    for (let i = 0; i < n; i++) mean += x[start + i] / n;
    let variance = 0;
    for (let i = 0; i < n; i++) variance += (x[start + i] - mean) ** 2 / n;
    const scale = 1 / Math.sqrt(variance + eps);
    for (let i = 0; i < n; i++) out[start + i] = (x[start + i] - mean) * scale * w[i] + b[i];
  }
  return out;
}

/** x·W + b. @param x [rows, in] @param W [in, out] @param b [out] @returns [rows, out] */
export function linear(x: Float32Array, W: Float32Array, b: Float32Array, rows: number): Float32Array {
  const nIn = x.length / rows;
  const nOut = b.length;
  const out = new Float32Array(rows * nOut);
  for (let r = 0; r < rows; r++) {
    for (let o = 0; o < nOut; o++) {
      let sum = b[o];
      for (let i = 0; i < nIn; i++) sum += x[r * nIn + i] * W[i * nOut + o];
      out[r * nOut + o] = sum;
    }
  }
  return out;
}

function columns(x: Float32Array, rows: number, width: number, from: number, count: number): Float32Array {
  const out = new Float32Array(rows * count);
  for (let r = 0; r < rows; r++) out.set(x.subarray(r * width + from, r * width + from + count), r * count);
  return out;
}

/** Rotary positions on x [T, heads, d_head]: dimensions j and j + R/2 turn together, those from R on stay. */
function rotate(c: ModelConfig, x: Float32Array, T: number): Float32Array {
  const half = c.rotary_dim / 2;
  const { cos, sin } = rotaryAngles(c, 0, T);
  const out = x.slice();
  for (let t = 0; t < T; t++) {
    for (let h = 0; h < c.n_heads; h++) {
      const start = (t * c.n_heads + h) * c.d_head;
      for (let j = 0; j < half; j++) {
        const a = x[start + j];
        const b = x[start + j + half];
        out[start + j] = a * cos[t * half + j] - b * sin[t * half + j];
        out[start + j + half] = b * cos[t * half + j] + a * sin[t * half + j];
      }
    }
  }
  return out;
}

/** softmax(q·k / sqrt(d_head)) over earlier positions, [heads, T, T]; 0 at later ones. */
function attention(c: ModelConfig, q: Float32Array, k: Float32Array, T: number): Float32Array {
  const { n_heads: H, d_head: E } = c;
  const pattern = new Float32Array(H * T * T);
  for (let h = 0; h < H; h++) {
    for (let t = 0; t < T; t++) {
      const scores = Array.from({ length: t + 1 }, (_, s) => {
        let dot = 0;
        for (let e = 0; e < E; e++) dot += q[(t * H + h) * E + e] * k[(s * H + h) * E + e];
        return dot / Math.sqrt(E);
      });
      const max = Math.max(...scores);
      const weights = scores.map((x) => Math.exp(x - max));
      const sum = weights.reduce((a, b) => a + b, 0);
      weights.forEach((weight, s) => (pattern[(h * T + t) * T + s] = weight / sum));
    }
  }
  return pattern;
}

/** z[t, h] = Σ_s pattern[h, t, s] v[s, h], [T, heads, d_head]. */
function mix(c: ModelConfig, pattern: Float32Array, v: Float32Array, T: number): Float32Array {
  const { n_heads: H, d_head: E } = c;
  const z = new Float32Array(T * H * E);
  for (let t = 0; t < T; t++) {
    for (let h = 0; h < H; h++) {
      for (let e = 0; e < E; e++) {
        let sum = 0;
        for (let s = 0; s < T; s++) sum += pattern[(h * T + t) * T + s] * v[(s * H + h) * E + e];
        z[(t * H + h) * E + e] = sum;
      }
    }
  }
  return z;
}
