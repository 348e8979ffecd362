/**
 * What a dictionary's reconstruction costs the model: cross-entropy with the activations as they are, replaced by the
 * reconstruction, and replaced by zeros (formulas: reference/sae-libraries.md C3). Natural logarithms.
 */
import { klDivergence, rowStatistics } from '../lm/statistics.ts';

type SpliceFigures = {
  /** Mean over predicted tokens of −ln p(token), nats. */
  ce_clean: number;
  ce_spliced: number;
  ce_zero: number;
  /** (ce_zero − ce_spliced) / (ce_zero − ce_clean); NaN when zeros cost nothing. */
  ce_recovered: number;
  /** Mean over predicted tokens of KL(clean ‖ spliced), nats. */
  kl: number;
};

/** Sums over predicted tokens, in float64. */
export class SpliceMetrics {
  private tokens = 0;
  private clean = 0;
  private spliced = 0;
  private zero = 0;
  private kl = 0;

  /**
   * One predicted token.
   * @param clean logits [d_vocab]
   * @param spliced logits [d_vocab]
   * @param zeroLoss −ln p(target) with zeros in place of the activations
   */
  add(clean: Float32Array, spliced: Float32Array, zeroLoss: number, target: number): void {
    const cleanZ = rowStatistics(clean).logZ;
    const splicedZ = rowStatistics(spliced).logZ;
    this.clean += cleanZ - clean[target];
    this.spliced += splicedZ - spliced[target];
    this.zero += zeroLoss;
    this.kl += klDivergence(clean, cleanZ, spliced, splicedZ);
    this.tokens++;
  }

  /** @returns figures of everything added; NaN when nothing was */
  finish(): SpliceFigures {
    const { tokens, clean, spliced, zero, kl } = this;
    const recovered = zero !== clean ? (zero - spliced) / (zero - clean) : NaN;
    return { ce_clean: clean / tokens, ce_spliced: spliced / tokens, ce_zero: zero / tokens, ce_recovered: recovered, kl: kl / tokens };
  }
}

/** −ln p(target) of one row of logits. */
export function crossEntropy(logits: Float32Array, target: number): number {
  return rowStatistics(logits).logZ - logits[target];
}
