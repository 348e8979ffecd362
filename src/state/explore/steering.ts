/** One edit of a feature at several strengths, and its controls: what each does to a prediction, and to what is written. */
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import type { Edit } from '../../api/model.ts';
import { logProbability, moversOf, repeatedShare, type Mover } from '../../core/interp/steering.ts';
import { UsageError } from '../../core/errors.ts';
import { toCsv } from '../shared/csv.ts';
import { controlOf, readControlFacts, type ControlKind, type Placed } from './controls.ts';
import type { Analysis } from './analysis.ts';
import { compileEdits, editProblem, type EditItem } from './edits.ts';
import { full } from './featuresCsv.ts';
import { compileLatent, isOfLatent, withStrength } from './latentChange.ts';
import { editContext } from './selectors.ts';

/** A text as the model reads it, and the position whose prediction is looked at. */
interface Reading {
  ids: number[];
  position: number;
}

/**
 * The stretch of a text that is studied: as much of it as leaves room for what is written after, its end, or where the
 * chosen position is before that, up to there.
 */
export function stretchOf(length: number, position: number, room: number): { start: number; end: number } {
  const most = Math.max(1, Math.min(length, room));
  const end = position >= length - most ? length : Math.max(position + 1, most);
  return { start: end - most, end };
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
type SweepKind = (typeof SWEEP_KINDS)[number];

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

interface SweepJob extends Reading {
  placed: Placed;
  /** Made beside every edit: the reconstruction in place of the activations, where the error is dropped. */
  splices: Edit[];
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
  const { placed, splices, ids, position, target, strengths, seed, signal } = job;
  const facts = await readControlFacts(api, { change: placed.change, ids, seed }, signal);
  const clean = logProbability(await logitsAt(api, { ids, position, edits: [] }, signal), target);
  let done = 0;
  for (const strength of strengths) {
    const turned = { ...placed, change: withStrength(placed.change, strength) };
    for (const kind of SWEEP_KINDS) {
      const edits = kind === 'feature' ? [editOf(turned)] : controlOf(kind, turned, facts);
      if (edits) {
        const point = { kind, strength, ...(await measure(api, job, [...splices, ...edits], clean)) };
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

const MOST_STRENGTHS = 25;

/** @returns the strengths by size, or why they cannot be read */
export function parseStrengths(typed: string): number[] | string {
  const parts = typed.split(/[\s,;]+/).filter((part) => part !== '');
  const numbers = parts.map((part) => Number(part.replace('−', '-')));
  if (parts.length === 0) return 'Give the strengths as numbers, such as -1, 0, 1, 2.';
  const bad = numbers.findIndex((n) => !Number.isFinite(n) || Math.abs(n) > 1e6);
  if (bad >= 0) return `“${parts[bad].slice(0, 20)}” is no strength.`;
  if (numbers.length > MOST_STRENGTHS) return `At most ${MOST_STRENGTHS} strengths at a time.`;
  return [...new Set(numbers)].sort((a, b) => a - b);
}

interface SweepAsk {
  /** Of a feature. */
  item: EditItem;
  analysis: Analysis;
  state: Parameters<typeof editContext>[0];
  /** The token to watch, as a person types it; '' for the one the edit raises most. */
  typed: string;
  /** Room kept for what is written. */
  tokens: number;
}

/** Where a sweep happens, and the token it watches. @throws UsageError, for a person */
export async function sweepJob(
  api: Pick<FeaturescopeApi, 'run' | 'detokenize' | 'models' | 'tokenize'>,
  { item, analysis, state, typed, tokens }: SweepAsk,
  signal: AbortSignal,
): Promise<Pick<SweepJob, 'ids' | 'position' | 'placed' | 'splices' | 'target'> & { name: string }> {
  const { change, hook } = item;
  const context = editContext({ ...state, analysis });
  const problem = editProblem(item, context);
  if (problem !== null || !isOfLatent(change)) throw new UsageError(problem ?? 'Only an edit of a feature has strengths.');
  const { ids: all } = analysis.before;
  const stretch = stretchOf(all.length, context.selected, Math.max(1, api.models.current().n_ctx - tokens));
  const edits = compileEdits([item], context, stretch);
  if (edits.length === 0) throw new UsageError('The edit acts on another part of this long text; choose a position there.');
  // Splices come first, the edit last.
  const splices = edits.slice(0, -1);
  const { positions } = edits.at(-1)!;
  const reading = { ids: all.slice(stretch.start, stretch.end), position: context.selected - stretch.start };
  return {
    ...reading,
    splices,
    placed: { change, hook, ...(positions && { positions }) },
    ...(await targetOf(api, { ...reading, edits }, typed, signal)),
  };
}

async function targetOf(
  api: Pick<FeaturescopeApi, 'run' | 'detokenize' | 'models' | 'tokenize'>,
  job: Reading & { edits: Edit[] },
  typed: string,
  signal: AbortSignal,
): Promise<{ target: number; name: string }> {
  if (typed !== '') {
    const { ids, tokens } = await api.tokenize(typed);
    if (ids.length !== 1) throw new UsageError(`“${typed}” is ${ids.length} tokens; one can be watched (a space in front counts).`);
    return { target: ids[0], name: tokens[0] };
  }
  const { up, down } = await readMovers(api, job, signal);
  const [most] = [...up, ...down];
  if (!most)
    throw new UsageError(
      'At this strength the edit changes nothing after the chosen token; name a token to watch, or choose another place.',
    );
  return { target: most.id, name: most.token };
}
