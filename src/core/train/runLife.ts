/** The life of a training run: it is in one of these phases at any time, and these are the ways from one to another. */
import type { RunInfo, RunState } from './runTypes.ts';

/** What becomes of a run that is stopped. keep, drop: its dictionaries. forget: not even that it was is kept. */
export type Ending = 'keep' | 'drop' | 'forget';

export type RunLife =
  /** Text and model are read. */
  | { phase: 'starting' }
  | { phase: 'running' }
  /** The step in hand is finished and a checkpoint made. */
  | { phase: 'pausing' }
  /** `here`: this tab's worker holds it. `unkept`: more of it than a checkpoint holds, and why. */
  | { phase: 'paused'; here: boolean; unkept?: RunInfo['unkept'] }
  /** `waited`: it was paused, so nothing computes. */
  | { phase: 'stopping'; ending: Ending; waited: boolean }
  /** The tab it trained in went away. */
  | { phase: 'interrupted' }
  | { phase: 'failed' }
  | { phase: 'finished' }
  /** `forgotten`: the store knows nothing of it any more. */
  | { phase: 'stopped'; forgotten: boolean }
  /** It goes on, or is paused, in another tab. */
  | { phase: 'elsewhere' };

/** The phase that figures tell of. @param here whether this tab's worker holds the run */
export function lifeOf({ state, unkept }: Pick<RunInfo, 'state' | 'unkept'>, here: boolean): RunLife {
  if (state === 'paused') return { phase: 'paused', here, ...(unkept && { unkept }) };
  return state === 'stopped' ? { phase: 'stopped', forgotten: false } : { phase: state };
}

/** The phase of a kept run, which was written down as it was. @param held whether a tab holds its lock */
export function lifeOfKept(info: Pick<RunInfo, 'state' | 'unkept'>, held: boolean): RunLife {
  const written = lifeOf(info, false);
  if (isOver(written)) return written;
  if (held) return { phase: 'elsewhere' };
  return written.phase === 'paused' || written.phase === 'failed' ? written : { phase: 'interrupted' };
}

/** The state that scripts and screens are told. */
export function stateOf(life: RunLife): RunState {
  if (life.phase === 'pausing') return 'running';
  if (life.phase === 'stopping') return life.waited ? 'paused' : 'running';
  return life.phase;
}

/** A person asked for a pause; only a run that goes on pauses. */
export function pausing(life: RunLife): RunLife {
  return life.phase === 'running' ? { phase: 'pausing' } : life;
}

/** A person asked for the end; a run that is being stopped ends as was asked for last. */
export function stopping(life: RunLife, ending: Ending): RunLife {
  const waited = life.phase === 'stopping' ? life.waited : life.phase === 'paused';
  return { phase: 'stopping', ending, waited };
}

/** Figures came while it goes on: what was asked of it meanwhile still holds. */
export function progressed(life: RunLife, info: Pick<RunInfo, 'state' | 'unkept'>): RunLife {
  return life.phase === 'pausing' || life.phase === 'stopping' ? life : lifeOf(info, true);
}

/** The loop of the worker ended. What it was asked for decides whether that was the end of the run. */
export function loopEnded(life: RunLife, info: Pick<RunInfo, 'state' | 'unkept'>): RunLife {
  if (info.state === 'failed') return { phase: 'failed' };
  if (life.phase === 'stopping') return life;
  return info.state === 'paused' ? lifeOf(info, true) : { phase: 'running' };
}

/** How a run that has nothing more to compute ends, and what becomes of its dictionaries. */
export function endOf(life: RunLife, { step, plan }: Pick<RunInfo, 'step' | 'plan'>): { ending: Ending; state: 'finished' | 'stopped' } {
  if (life.phase !== 'stopping') return { ending: 'keep', state: 'finished' };
  return { ending: life.ending, state: step < (plan?.steps ?? Infinity) ? 'stopped' : 'finished' };
}

/** This tab lets go of it. */
export function released(life: RunLife): RunLife {
  return life.phase === 'paused' ? { ...life, here: false } : life;
}

/** Whether it has ended for good. */
export function isOver({ phase }: RunLife): boolean {
  return phase === 'finished' || phase === 'stopped';
}

/** Whether this tab's worker holds it: it goes on or is paused here. */
export function isHere(life: RunLife): boolean {
  return life.phase === 'paused' ? life.here : occupies(life);
}

/** Whether it keeps this tab's worker busy, so that nothing else may begin. */
export function occupies({ phase }: RunLife): boolean {
  return phase === 'starting' || phase === 'running' || phase === 'pausing' || phase === 'stopping';
}

/** Whether it can go on from its checkpoint. */
export function isResumable({ phase }: RunLife): boolean {
  return phase === 'paused' || phase === 'interrupted' || phase === 'failed';
}
