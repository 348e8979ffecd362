/** A worker that is there only while it is needed. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { onDemand } from '../../../src/app/onDemand.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function make() {
  const events: string[] = [];
  const answers: Record<string, () => Promise<unknown>> = {};
  const start = () => {
    events.push('start');
    return {
      call: async (method: string) => {
        events.push(method);
        await Promise.resolve();
        return answers[method]?.();
      },
      terminate: () => void events.push('end'),
    };
  };
  const worker = onDemand({ start, open: (calls) => calls.call('open', []), idleMs: 1000, died: 'It has stopped.' });
  return { worker, events, answers };
}

it('is started by the first call, opened once, and ended when it has been idle', async () => {
  const { worker, events } = make();
  await vi.advanceTimersByTimeAsync(5000);
  expect(events).toEqual([]);
  await Promise.all([worker.call('a', []), worker.call('b', [])]);
  expect(events).toEqual(['start', 'open', 'a', 'b']);
  await vi.advanceTimersByTimeAsync(900);
  await worker.call('c', []);
  await vi.advanceTimersByTimeAsync(900);
  expect(events.at(-1)).toBe('c');
  await vi.advanceTimersByTimeAsync(200);
  expect(events.at(-1)).toBe('end');
  await worker.call('d', []);
  expect(events.slice(-3)).toEqual(['start', 'open', 'd']);
});

it('is not ended while a call is open, or something lives in it', async () => {
  const { worker, events, answers } = make();
  let answer!: (value: unknown) => void;
  answers.long = () => new Promise((resolve) => (answer = resolve));
  const long = worker.call('long', []);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(events).not.toContain('end');
  worker.keep(true);
  answer('done');
  expect(await long).toBe('done');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(events).not.toContain('end');
  worker.keep(false);
  await vi.advanceTimersByTimeAsync(1000);
  expect(events.at(-1)).toBe('end');
});

it('is started anew after it has died, which has a sentence', async () => {
  const { worker, events, answers } = make();
  const dead = Object.assign(new Error('gone'), { code: 'dead' });
  answers.a = () => Promise.reject(dead);
  await expect(worker.call('a', [])).rejects.toMatchObject({ message: 'It has stopped.', code: 'engine', cause: dead });
  expect(events.at(-1)).toBe('end');
  answers.b = () => Promise.reject(Object.assign(new Error('No.'), { code: 'usage' }));
  await expect(worker.call('b', [])).rejects.toThrow('No.');
  expect(events.slice(-3)).toEqual(['start', 'open', 'b']);
});
