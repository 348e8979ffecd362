/** One edit of a feature at several strengths, and its controls: what each does to a prediction, and to what is written. */
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import type { Edit } from '../../api/model.ts';
import { logProbability, moversOf, repeatedShare, type Mover } from '../../core/interp/steering.ts';
import { toCsv } from '../shared/csv.ts';
import { controlOf, readControlFacts, type ControlKind, type Placed } from './controls.ts';
import { full } from './featuresCsv.ts';
import { compileLatent, withStrength } from './latentChange.ts';

/** A text as the model reads it, and the position whose prediction is looked at. */
export interface Reading {
  ids: number[];
  position: number;
}

export interface NamedMover extends Mover {
  token: string;
}

const MOST_MOVERS = 8;

/** The tokens whose logits the edits move most after a position. */
export async function readMovers(
  api: Pick<FeaturescopeApi, 'run' | 'detokenize' | 'models'>,
  { ids, position, edits }: Reading & { edits: Edit[] },
  signal: AbortSignal,
): Promise<{ up: NamedMover[]; down: NamedMover[] }> {
  const [before, after] = await Promise.all([
    logitsAt(api, { ids, position, edits: [] }, signal),
    logitsAt(api, { ids, position, edits }, signal),
  ]);
  const { up, down } = moversOf(before, after, api.models.current().n_tokens, MOST_MOVERS);
  const rows = await api.detokenize([...up, ...down].map(({ id }) => [id]));
  const named = [...up, ...down].map((mover, i): NamedMover => ({ ...mover, token: rows[i].tokens[0] ?? '' }));
  return { up: named.slice(0, up.length), down: named.slice(up.length) };
}

async function logitsAt(
  api: Pick<FeaturescopeApi, 'run'>,
  { ids, position, edits }: Reading & { edits: Edit[] },
  signal: AbortSignal,
): Promise<Float32Array> {
  const { logits } = await api.run({ ids }, { logits: [position], edits, signal });
  return logits!.data;
}

export const SWEEP_KINDS = ['feature', 'latent', 'direction'] as const;
export type SweepKind = (typeof SWEEP_KINDS)[number];

export interface SweepPoint {
  kind: SweepKind;
  strength: number;
  /** ln p(target | edited) − ln p(target | unedited) after the position, nats. */
  effect: number;
  /** Mean over positions of KL(unedited ‖ edited), nats. */
  kl: number;
  /** Share of 4-grams of the continuation that stood in it before. */
  repeated: number;
  /** The continuation. */
  text: string;
}

export interface SweepJob extends Reading {
  placed: Placed;
  strengths: readonly number[];
  /** The token whose probability is watched. */
  target: number;
  /** Length of each continuation; greedy, so that nothing but the edit differs. */
  tokens: number;
  seed: number;
  signal: AbortSignal;
  onPoint: (point: SweepPoint, done: number, total: number) => void;
}

type SweepApi = Pick<FeaturescopeApi, 'run' | 'predict' | 'generate' | 'encode' | 'dictionaries' | 'index'>;

/** Point after point, the feature before its controls at each strength. @throws what the api throws; aborted by `signal` */
export async function sweep(api: SweepApi, job: SweepJob): Promise<void> {
  const { placed, ids, position, target, strengths, seed, signal } = job;
  const facts = await readControlFacts(api, { change: placed.change, ids, seed }, signal);
  const clean = logProbability(await logitsAt(api, { ids, position, edits: [] }, signal), target);
  let done = 0;
  for (const strength of strengths) {
    const turned = { ...placed, change: withStrength(placed.change, strength) };
    for (const kind of SWEEP_KINDS) {
      const edits = kind === 'feature' ? [editOf(turned)] : controlOf(kind, turned, facts);
      if (edits) {
        const point = { kind, strength, ...(await measure(api, job, edits, clean)) };
        signal.throwIfAborted();
        job.onPoint(point, done + 1, SWEEP_KINDS.length * strengths.length);
      }
      done++;
    }
  }
}

function editOf({ change, positions }: Placed): Edit {
  return compileLatent(change, positions === undefined ? {} : { positions });
}

async function measure(api: SweepApi, { ids, position, target, tokens, signal }: SweepJob, edits: Edit[], clean: number) {
  const logits = await logitsAt(api, { ids, position, edits }, signal);
  const { comparison } = await api.predict({ ids }, { k: 1, edits, signal });
  const { ids: written, text } = await api.generate({ ids }, { tokens, edits, signal });
  const kl = comparison?.kl ?? new Float32Array();
  return {
    effect: logProbability(logits, target) - clean,
    kl: kl.reduce((sum, x) => sum + x, 0) / kl.length,
    repeated: repeatedShare(written),
    text,
  };
}

export const KIND_WORDS: Record<SweepKind | ControlKind, string> = {
  feature: 'the feature',
  latent: 'a feature of equal density',
  direction: 'a random direction',
};

export function sweepCsv(points: readonly SweepPoint[]): string {
  return toCsv([
    ['what', 'strength', 'effect_nats', 'kl_nats', 'repeated_4grams', 'continuation'],
    ...points.map(({ kind, strength, effect, kl, repeated, text }) => [kind, full(strength), full(effect), full(kl), full(repeated), text]),
  ]);
}
