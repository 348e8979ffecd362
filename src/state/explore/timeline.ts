/** Undo and redo over everything a person sets up on the Explore screen. Typing in the text box has its own undo. */
import type { DictionaryFacts } from '../shared/dictionaries.ts';
import type { EditItem } from './edits.ts';
import type { ExploreFacts } from './facts.ts';
import { dictionaryName } from './features.ts';
import { isOfLatent } from './latentChange.ts';
import { spanWords } from './spans.ts';

/** The facts that can be taken back. */
const SCENE = ['bench', 'pins', 'dictionary', 'ranking', 'skipSpecial', 'colourBy', 'hook', 'span', 'compare', 'text'] as const;

export type Scene = Pick<ExploreFacts & DictionaryFacts, (typeof SCENE)[number]>;

interface Step {
  /** "pinned feature 12" */
  words: string;
  /** What the facts that changed are set to when this step is taken. */
  patch: Partial<Scene>;
}

export interface Timeline {
  past: readonly Step[];
  future: readonly Step[];
  /** What made the last step; a change with the same key joins it. */
  key: string | null;
}

const MAX_STEPS = 100;

export const NO_STEPS: Timeline = { past: [], future: [], key: null };

/** The facts of `was` that are others now; null when none are. */
export function changedFacts(was: Scene, now: Scene): Partial<Scene> | null {
  const entries = SCENE.filter((key) => was[key] !== now[key]).map((key) => [key, was[key]]);
  return entries.length === 0 ? null : (Object.fromEntries(entries) as Partial<Scene>);
}

/** @param key name of a run of small changes (dragging one number) that undo as one step */
export function record(timeline: Timeline, step: Step, key: string | null = null): Timeline {
  // The first of a run knows what was there before it.
  if (key !== null && key === timeline.key) return { ...timeline, future: [] };
  return { past: [...timeline.past, step].slice(-MAX_STEPS), future: [], key };
}

export interface Taken {
  timeline: Timeline;
  step: Step;
}

/** @param scene as it is now, so that a redo brings back exactly this */
export function stepBack({ past, future }: Timeline, scene: Scene): Taken | null {
  const step = past.at(-1);
  if (!step) return null;
  return { step, timeline: { past: past.slice(0, -1), future: [reversed(step, scene), ...future], key: null } };
}

export function stepForward({ past, future }: Timeline, scene: Scene): Taken | null {
  const [step, ...rest] = future;
  if (!step) return null;
  return { step, timeline: { past: [...past, reversed(step, scene)], future: rest, key: null } };
}

function reversed({ words, patch }: Step, scene: Scene): Step {
  const keys = Object.keys(patch) as (keyof Scene)[];
  return { words, patch: Object.fromEntries(keys.map((key) => [key, scene[key]])) };
}

/** What a person did, in the past tense. */
export function changeWords(was: Scene, now: Scene & Pick<DictionaryFacts, 'dictionaries'>): string {
  if (was.bench !== now.bench) return benchWords(was.bench, now.bench);
  if (was.pins !== now.pins) return pinWords(was.pins, now.pins);
  if (was.text !== now.text) return 'replaced the text';
  if (was.dictionary !== now.dictionary) {
    const info = now.dictionaries.status === 'done' ? now.dictionaries.list.find((d) => d.id === now.dictionary) : undefined;
    return `chose the dictionary ${info ? `${info.hook} ${dictionaryName(info)}`.trim() : now.dictionary}`;
  }
  if (was.compare !== now.compare) {
    if (now.compare === null) return 'closed the comparison';
    return was.compare === null ? 'opened a comparison' : 'changed the second text';
  }
  if (was.span !== now.span) return now.span ? `chose ${spanWords(now.span)}` : 'cleared the chosen tokens';
  if (was.hook !== now.hook) return `looked at ${now.hook}`;
  if (was.ranking !== now.ranking) return 'ranked features another way';
  if (was.skipSpecial !== now.skipSpecial) return now.skipSpecial ? 'left special tokens out' : 'counted special tokens';
  return `coloured the tokens by ${now.colourBy === 'none' ? 'nothing' : now.colourBy}`;
}

function pinWords(was: Scene['pins'], now: Scene['pins']): string {
  const added = now.find((p) => !was.includes(p));
  const gone = was.find((p) => !now.includes(p));
  if (added && !gone) return `pinned feature ${added.latent}`;
  return gone && !added ? `unpinned feature ${gone.latent}` : 'changed the pins';
}

function benchWords(was: Scene['bench'], now: Scene['bench']): string {
  if (was.edits !== now.edits) {
    const more = now.edits.length - was.edits.length;
    if (more > 0) return `added an edit${featureOf(now.edits.at(-1))}`;
    if (more < -1) return 'removed all edits';
    return more < 0 ? `removed an edit${featureOf(was.edits.find((e) => !now.edits.includes(e)))}` : 'changed an edit';
  }
  if (was.dropsError !== now.dropsError) return now.dropsError ? 'dropped the reconstruction error' : 'kept the reconstruction error';
  return now.vectors.length > was.vectors.length ? 'kept a vector' : 'removed a kept vector';
}

function featureOf(edit: EditItem | undefined): string {
  return edit && isOfLatent(edit.change) ? ` (feature ${edit.change.latent})` : '';
}
