/** Runs of this page as a script asks for them, over a trainer that answers by hand. */
import { expect, it, vi } from 'vitest';
import { TrainingHost, type HostParts } from '../../../src/app/trainingHost.ts';
import { createSignal } from '../../../src/app/signal.ts';
import type { TrainingNeeds } from '../../../src/app/training.ts';
import type { RunInfo } from '../../../src/core/train/runTypes.ts';
import { startingRun } from '../../../src/core/train/startingRun.ts';

const config = { name: 'fake', dictionaries: { hook: 'hook_embed' } };

/** A run that is paused in this tab. @param unkept what its trainer says of the pause */
async function paused(unkept?: RunInfo['unkept']) {
  const call = vi.fn(async (method: string, args: unknown[]): Promise<unknown> => {
    await Promise.resolve();
    const [first] = args as [{ id?: string } | string];
    const id = typeof first === 'string' ? first : (first.id ?? '');
    const state = method === 'runs.go' ? 'paused' : 'running';
    if (method === 'runs.begin' || method === 'runs.go') return { ...startingRun(id, config), state, ...(unkept && { unkept }) };
    return method === 'runs.estimate' ? { seconds: 1 } : undefined;
  });
  const need = {
    device: Promise.resolve('wasm'),
    tabs: { say: () => {} },
    model: () => ({ info: { id: 'tiny', hash: 'h' } }),
    askToPersist: () => {},
  } as unknown as TrainingNeeds;
  const parts = { start: () => ({ call, terminate: () => {} }), runs: { sweep: () => {}, list: () => Promise.resolve([]) }, corpora: {} };
  const host = new TrainingHost(need, { runs: createSignal(), corpora: createSignal() }, parts as unknown as HostParts);
  const run = await host.train(config);
  await vi.waitFor(() => expect(run.info().state).toBe('paused'));
  return { host, run };
}

it('reports to whoever resumes a run that is paused here', async () => {
  const { host, run } = await paused();
  const onProgress = vi.fn();
  await host.resumeRun(run.id, { onProgress });
  expect(onProgress).toHaveBeenCalledWith(expect.objectContaining({ state: 'running' }));
});

it('puts a paused run aside for another and for an estimate', async () => {
  for (const what of ['train', 'estimate'] as const) {
    const { host, run } = await paused();
    await host[what](config);
    await expect(run.done).rejects.toThrow('"fake" was put aside for another run. It can be resumed from its checkpoint');
  }
});

it('does not lose a paused run that is in memory only to another or to an estimate', async () => {
  const { host, run } = await paused('full');
  await expect(host.train(config)).rejects.toThrow('"fake" is paused here and no checkpoint of it could be kept');
  await expect(host.estimate(config)).rejects.toThrow('Make room, then resume or stop it first.');
  expect((await host.listRuns()).map(({ id, state }) => [id, state])).toEqual([[run.id, 'paused']]);
});

it('lists no run that was forgotten because the signal of its resume said so', async () => {
  const { host, run } = await paused();
  const stop = new AbortController();
  await host.resumeRun(run.id, { signal: stop.signal });
  stop.abort();
  await run.done;
  expect(await host.listRuns()).toEqual([]);
});
