/** The phases of a run and the ways between them. */
import { describe, expect, it } from 'vitest';
import {
  endOf,
  isHere,
  isOver,
  isResumable,
  lifeOf,
  lifeOfKept,
  loopEnded,
  occupies,
  pausing,
  progressed,
  released,
  stateOf,
  stopping,
  type RunLife,
} from '../../../src/core/train/runLife.ts';
import type { RunState } from '../../../src/core/train/runTypes.ts';

const running: RunLife = { phase: 'running' };
const paused: RunLife = { phase: 'paused', here: true };
const states: RunState[] = ['starting', 'running', 'elsewhere', 'paused', 'interrupted', 'finished', 'stopped', 'failed'];

describe('what scripts are told', () => {
  it.each(states)('%s is told as it was read', (state) => {
    expect(stateOf(lifeOf({ state }, true))).toBe(state);
  });

  it('a pause or stop that is under way is no state of its own', () => {
    expect(stateOf(pausing(running))).toBe('running');
    expect(stateOf(stopping(running, 'keep'))).toBe('running');
    expect(stateOf(stopping(paused, 'keep'))).toBe('paused');
  });

  it('what was refused a checkpoint says so', () => {
    expect(lifeOf({ state: 'paused', unkept: 'full' }, true)).toEqual({ phase: 'paused', here: true, unkept: 'full' });
    expect(lifeOf({ state: 'paused' }, false)).toEqual({ phase: 'paused', here: false });
  });
});

describe('a kept run', () => {
  it.each([
    ['running', false, 'interrupted'],
    ['starting', false, 'interrupted'],
    ['interrupted', false, 'interrupted'],
    ['paused', false, 'paused'],
    ['failed', false, 'failed'],
    ['finished', false, 'finished'],
    ['stopped', false, 'stopped'],
    ['running', true, 'elsewhere'],
    ['paused', true, 'elsewhere'],
    ['failed', true, 'elsewhere'],
    ['finished', true, 'finished'],
    ['stopped', true, 'stopped'],
  ] as const)('written down as %s, its lock held: %s, is %s', (state, held, phase) => {
    expect(lifeOfKept({ state }, held).phase).toBe(phase);
  });
});

describe('asking for a pause or the end', () => {
  it('pauses only what goes on', () => {
    expect(pausing(running)).toEqual({ phase: 'pausing' });
    for (const life of [paused, stopping(running, 'drop'), { phase: 'starting' } as const]) expect(pausing(life)).toBe(life);
  });

  it('figures that come meanwhile do not take it back', () => {
    for (const life of [pausing(running), stopping(running, 'forget')]) {
      expect(progressed(life, { state: 'running' })).toBe(life);
      expect(progressed(life, { state: 'paused' })).toBe(life);
    }
    expect(progressed({ phase: 'starting' }, { state: 'running' })).toEqual(running);
  });

  it('ends as was asked for last, and remembers that it waited', () => {
    const twice = stopping(stopping(paused, 'keep'), 'drop');
    expect(twice).toEqual({ phase: 'stopping', ending: 'drop', waited: true });
    expect(stopping(running, 'keep')).toEqual({ phase: 'stopping', ending: 'keep', waited: false });
  });
});

describe('the end of the worker’s loop', () => {
  it('is a pause, a failure, or what it was stopped for', () => {
    expect(loopEnded(pausing(running), { state: 'paused' })).toEqual(paused);
    expect(loopEnded(running, { state: 'paused', unkept: 'denied' })).toEqual({ ...paused, unkept: 'denied' });
    expect(loopEnded(stopping(running, 'keep'), { state: 'paused' }).phase).toBe('stopping');
    expect(loopEnded(stopping(running, 'keep'), { state: 'failed' })).toEqual({ phase: 'failed' });
    expect(loopEnded(pausing(running), { state: 'running' })).toEqual(running);
  });

  it('keeps the dictionaries unless somebody said otherwise', () => {
    const plan = { steps: 10 } as never;
    expect(endOf(running, { step: 10, plan })).toEqual({ ending: 'keep', state: 'finished' });
    expect(endOf(pausing(running), { step: 10, plan })).toEqual({ ending: 'keep', state: 'finished' });
    expect(endOf(stopping(running, 'drop'), { step: 4, plan })).toEqual({ ending: 'drop', state: 'stopped' });
    expect(endOf(stopping(running, 'keep'), { step: 10, plan })).toEqual({ ending: 'keep', state: 'finished' });
    expect(endOf(stopping(running, 'keep'), { step: 4, plan: null })).toEqual({ ending: 'keep', state: 'stopped' });
  });
});

describe('questions', () => {
  const lives: RunLife[] = [
    ...states.map((state) => lifeOf({ state }, true)),
    { phase: 'pausing' },
    { phase: 'stopping', ending: 'keep', waited: true },
    { phase: 'paused', here: false },
  ];
  const where = (question: (life: RunLife) => boolean) => lives.filter(question).map(({ phase }) => phase);

  it('each phase is over, resumable, or goes on somewhere', () => {
    expect(where(isOver)).toEqual(['finished', 'stopped']);
    expect(where(isResumable)).toEqual(['paused', 'interrupted', 'failed', 'paused']);
    expect(where(occupies)).toEqual(['starting', 'running', 'pausing', 'stopping']);
    expect(where(isHere)).toEqual(['starting', 'running', 'paused', 'pausing', 'stopping']);
  });

  it('a paused run that another takes the place of is here no more', () => {
    expect(isHere(released({ ...paused, unkept: 'full' }))).toBe(false);
    expect(released(running)).toBe(running);
  });
});
