/** Actions that can be taken back, and taking them back. */
import type { StoreApi } from 'zustand/vanilla';
import type { Notice } from '../shared/page.ts';
import { findHook } from '../shared/hooks.ts';
import type { Reader } from './reader.ts';
import { insideText } from './spans.ts';
import type { ExploreActions, ExploreState } from './state.ts';
import { changedFacts, changeWords, record, stepBack, stepForward, type Scene, type Taken, type Timeline } from './timeline.ts';

const RECORDED = [
  'keepVector',
  'removeVector',
  'addEdit',
  'changeEdit',
  'removeEdit',
  'clearEdits',
  'setDropsError',
  'ablate',
  'steer',
  'pin',
  'chooseDictionary',
  'setRanking',
  'setSkipSpecial',
  'setColourBy',
  'setHook',
  'setSpan',
  'setCompare',
  'replaceText',
] as const satisfies readonly (keyof ExploreActions)[];

/** The same actions; those that change what can be taken back leave a step. */
export function recorded(
  store: StoreApi<ExploreState>,
  actions: Omit<ExploreActions, 'undo' | 'redo'>,
): Omit<ExploreActions, 'undo' | 'redo'> {
  const wrap = <A extends unknown[]>(name: string, action: (...args: A) => unknown) => {
    return (...args: A) => {
      const was = store.getState();
      const answer = action(...args);
      const now = store.getState();
      const patch = changedFacts(was, now);
      if (patch) {
        const step = { words: changeWords(was, now), patch };
        store.setState({ timeline: record(now.timeline, step, runKey(name, args, was, now)), notice: outdated(was.notice, now.notice) });
      }
      return answer;
    };
  };
  const wrapped = Object.fromEntries(RECORDED.map((name) => [name, wrap(name, actions[name] as (...args: unknown[]) => unknown)]));
  return { ...actions, ...wrapped };
}

/** A notice from before a step cannot offer undo any more: undo would take back the step. */
function outdated(was: Notice | null, now: Notice | null): Notice | null {
  return now && now === was && now.undo === 'edits' ? { ...now, undo: null } : now;
}

/** What joins several calls to one step: dragging a number or a brush, typing the second text. */
function runKey(name: string, args: readonly unknown[], was: Scene, now: Scene): string | null {
  if (name === 'changeEdit') return (args[2] as string | undefined) ?? null;
  if (name === 'setCompare') return was.compare && now.compare ? 'compare' : null;
  // Clearing is a step of its own: joined to the brush it clears, neither could be taken back.
  if (name !== 'setSpan' || !now.span) return null;
  return !was.span || (was.span[0] < now.span[1] && now.span[0] < was.span[1]) ? 'span' : null;
}

export function undoActions(store: StoreApi<ExploreState>, reader: Reader): Pick<ExploreActions, 'undo' | 'redo'> {
  const take = (find: (timeline: Timeline, scene: Scene) => Taken | null, said: string) => {
    const was = store.getState();
    const taken = find(was.timeline, was);
    if (!taken) return;
    const patch = possible(was, taken.step.patch);
    store.setState({ ...patch, timeline: taken.timeline, pointed: null, notice: { text: `${said}: ${taken.step.words}.`, undo: null } });
    if (patch.text !== undefined) reader.textChanged();
    if (patch.dictionary !== undefined) reader.dictionaryChanged();
    if (patch.hook !== undefined) reader.hookChanged();
    if (patch.bench && (patch.bench.edits !== was.bench.edits || patch.bench.dropsError !== was.bench.dropsError)) reader.editsChanged();
  };
  return { undo: () => take(stepBack, 'Undone'), redo: () => take(stepForward, 'Done again') };
}

/** A step without what the model open now, or the text on screen, does not have. */
function possible(state: ExploreState, patch: Partial<Scene>): Partial<Scene> {
  const { model, dictionaries } = state;
  const { dictionary, hook, ...rest } = patch;
  const fits = dictionaries.status === 'done' && dictionaries.list.some((d) => d.fits && d.id === dictionary);
  return {
    ...rest,
    ...(patch.span && { span: insideText(state, patch.span) }),
    ...(dictionary !== undefined && fits ? { dictionary } : {}),
    ...(hook !== undefined && findHook(model, hook) ? { hook } : {}),
  };
}
