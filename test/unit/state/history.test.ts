import { expect, it } from 'vitest';
import { commit, redo, startHistory, undo } from '../../../src/state/history.ts';

it('goes back and forth', () => {
  let h = startHistory('a');
  h = commit(h, 'b');
  h = commit(h, 'c');
  h = undo(h);
  expect(h.present).toBe('b');
  h = undo(undo(h));
  expect(h.present).toBe('a');
  h = redo(redo(redo(h)));
  expect(h.present).toBe('c');
});

it('forgets the undone when something new is done', () => {
  const h = commit(undo(commit(startHistory('a'), 'b')), 'c');
  expect(redo(h)).toBe(h);
  expect(undo(h).present).toBe('a');
});

it('takes a run of changes with one key as one step', () => {
  let h = startHistory(0);
  for (const x of [1, 2, 3]) h = commit(h, x, 'amount 1');
  h = commit(h, 9, 'amount 2');
  expect(undo(h).present).toBe(3);
  expect(undo(undo(h)).present).toBe(0);
});

it('does not record a change to the same value', () => {
  const h = startHistory('a');
  expect(commit(h, 'a')).toBe(h);
});
