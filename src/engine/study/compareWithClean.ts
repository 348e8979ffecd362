/** Predictions of edited passes of a text beside those of the clean one, a few rows of logits at a time. */
import type { Stop } from '../../core/errors.ts';
import { compareRows, probabilities } from '../../core/interp/effects.ts';
import type { HookedModel } from '../model/hookedModel.ts';
import { unembed } from '../model/unembed.ts';
import type { CleanPass } from './cleanPasses.ts';
import { unembedRows } from './memory.ts';

/** Rows compared together. */
const ROWS = 32;

/** What a change did to a text. */
export interface Change {
  /** ln p(true next | clean) − ln p(true next | changed), nats; 0 where nothing changed. [pos − 1] */
  delta: Float64Array;
  /** KL(clean ‖ changed), nats. [pos − 1], or [pos] with the last */
  kl: Float64Array;
}

interface Comparison {
  ids: readonly number[];
  pass: CleanPass;
  /** Final residuals [pos, d_model]; undefined: as the clean one. */
  changed: readonly (Float32Array | undefined)[];
  /** Whether the last position, which has no next token, is compared too. */
  withLast: boolean;
}

/**
 * Fills in the log-probabilities of the clean pass that are not known yet. Rows whose residual did not change are not run.
 * @returns one entry for each of `changed`. @throws AbortedError; EngineError
 */
export async function compareWithClean({ model, stop }: { model: HookedModel; stop?: Stop }, given: Comparison): Promise<Change[]> {
  const { d_model: D, d_vocab: V } = model.config;
  const { ids, pass, changed, withLast } = given;
  const next = ids.length - 1;
  const compared = withLast ? ids.length : next;
  const changes = changed.map((): Change => ({ delta: new Float64Array(next), kl: new Float64Array(compared) }));
  const isChanged = (final: Float32Array | undefined, p: number) => final !== undefined && differs(pass.final, final, p * D, D);
  const wanted = Array.from({ length: compared }, (_, p) => p).filter(
    (p) => Number.isNaN(pass.logprobs[p] ?? 0) || changed.some((final) => isChanged(final, p)),
  );
  const rowsAtOnce = Math.min(ROWS, unembedRows(model.config, ROWS, 1));
  const clean = Array.from({ length: Math.min(rowsAtOnce, wanted.length) }, () => ({
    logits: new Float32Array(V),
    p: new Float64Array(V),
    logZ: 0,
  }));
  const logitsOf = (final: Float32Array, positions: readonly number[], deliver: (i: number, logits: Float32Array) => void) =>
    unembed(
      model,
      final,
      positions.map((p) => p * D),
      deliver,
      stop,
      rowsAtOnce,
    );
  for (let first = 0; first < wanted.length; first += rowsAtOnce) {
    const rows = wanted.slice(first, first + rowsAtOnce);
    await logitsOf(pass.final, rows, (i, logits) => {
      clean[i].logits.set(logits);
      clean[i].logZ = probabilities(logits, clean[i].p);
      if (rows[i] < next) pass.logprobs[rows[i]] = logits[ids[rows[i] + 1]] - clean[i].logZ;
    });
    for (const [v, final] of changed.entries()) {
      if (!final) continue;
      const places = [...rows.keys()].filter((i) => isChanged(final, rows[i]));
      await logitsOf(
        final,
        places.map((i) => rows[i]),
        (at, logits) => {
          const p = rows[places[at]];
          const { kl, logZ } = compareRows(clean[places[at]], logits);
          changes[v].kl[p] = kl;
          if (p < next) changes[v].delta[p] = pass.logprobs[p] - (logits[ids[p + 1]] - logZ);
        },
      );
    }
  }
  return changes;
}

function differs(a: Float32Array, b: Float32Array, from: number, length: number): boolean {
  for (let i = from; i < from + length; i++) if (a[i] !== b[i]) return true;
  return false;
}
