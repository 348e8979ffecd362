/** Next-token statistics of one row of logits. One formula each; natural logarithms throughout. */

interface RowStatistics {
  /** ln Σ exp(logit), over the whole matrix, padded rows included, as the model's own loss has it. */
  logZ: number;
  /** −Σ p ln p, nats. */
  entropy: number;
}

/** ln Σ exp(logits) and the entropy, in float64. @param logits [d_vocab] */
export function rowStatistics(logits: Float32Array): RowStatistics {
  let max = -Infinity;
  for (let i = 0; i < logits.length; i++) if (logits[i] > max) max = logits[i]!;
  let sum = 0;
  let weighted = 0;
  for (let i = 0; i < logits.length; i++) {
    const shifted = logits[i] - max;
    const e = Math.exp(shifted);
    sum += e;
    weighted += e * shifted;
  }
  return { logZ: max + Math.log(sum), entropy: Math.log(sum) - weighted / sum };
}

/** KL(p ‖ q) in nats, from two rows of logits [d_vocab] and their logZ. */
export function klDivergence(p: Float32Array, logZp: number, q: Float32Array, logZq: number): number {
  let kl = 0;
  for (let i = 0; i < p.length; i++) {
    const logp = p[i] - logZp;
    kl += Math.exp(logp) * (logp - (q[i] - logZq));
  }
  return Math.max(0, kl);
}

/** How many of the first `n` logits are above that of `id`: its 0-based rank. */
export function rankOf(logits: Float32Array, id: number, n: number): number {
  const own = logits[id];
  let rank = 0;
  for (let i = 0; i < n; i++) if (logits[i] > own) rank++;
  return rank;
}

/** Indices of the k largest of the first `n` logits, best first; ties go to the lower index. */
export function topK(logits: Float32Array, k: number, n: number): number[] {
  const best: number[] = [];
  for (let i = 0; i < n; i++) {
    const value = logits[i];
    if (best.length === k && value <= logits[best[k - 1]]) continue;
    let at = best.length;
    while (at > 0 && logits[best[at - 1]] < value) at--;
    best.splice(at, 0, i);
    if (best.length > k) best.pop();
  }
  return best;
}
