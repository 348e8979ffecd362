/**
 * Gives transformers.js a runtime without sessions: the tensors it makes and those we hand it must be of
 * one class, and every session is ours. Must be imported before '@xenova/transformers', which reads this
 * symbol once, at import. Its settings object is its own: it points wasm files at a CDN, which must not
 * reach the runtime we use.
 */
import { InferenceSession, Tensor, env } from 'onnxruntime-common';

(globalThis as Record<symbol, unknown>)[Symbol.for('onnxruntime')] = {
  InferenceSession,
  Tensor,
  env: { versions: { ...env.versions }, wasm: {} },
};
