/** A worker that must answer, with answers given by hand. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { watchOver } from '../../../src/app/watchdog.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function make(answer: () => Promise<unknown>) {
  const end = vi.fn();
  const ping = vi.fn(answer);
  return { end, ping, watch: watchOver({ ping, end }) };
}
const never = () => new Promise(() => {});

it('asks from time to time, and ends one that does not answer', async () => {
  let answer: () => Promise<unknown> = () => Promise.resolve();
  const { end, ping, watch } = make(() => answer());
  await vi.advanceTimersByTimeAsync(5000);
  expect(ping).not.toHaveBeenCalled();
  watch.begin();
  watch.begin();
  await vi.advanceTimersByTimeAsync(3500);
  expect(ping).toHaveBeenCalledTimes(3);
  answer = never;
  await vi.advanceTimersByTimeAsync(3000);
  expect(end).toHaveBeenCalledTimes(1);
  expect(watch.ended()).toBe(true);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(end).toHaveBeenCalledTimes(1);
});

it('asks no more of what has finished', async () => {
  const { end, ping, watch } = make(never);
  watch.begin();
  await vi.advanceTimersByTimeAsync(500);
  watch.finish();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(ping).not.toHaveBeenCalled();
  const late = make(never);
  late.watch.begin();
  await vi.advanceTimersByTimeAsync(1500);
  late.watch.finish();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(late.ping).toHaveBeenCalledTimes(1);
  expect(late.end).not.toHaveBeenCalled();
  expect(end).not.toHaveBeenCalled();
});

it('asks once more of what was left, and ends it if it is stuck', async () => {
  const { end, ping, watch } = make(() => Promise.resolve());
  watch.begin();
  watch.leave();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(ping).toHaveBeenCalledTimes(1);
  expect(end).not.toHaveBeenCalled();
  const stuck = make(never);
  stuck.watch.begin();
  stuck.watch.leave();
  await vi.advanceTimersByTimeAsync(2100);
  expect(stuck.end).toHaveBeenCalledTimes(1);
});

it('leaves one alone that has died by itself', async () => {
  const { end, watch } = make(() => Promise.reject(new Error('dead')));
  watch.begin();
  await vi.advanceTimersByTimeAsync(5000);
  expect(end).not.toHaveBeenCalled();
});
