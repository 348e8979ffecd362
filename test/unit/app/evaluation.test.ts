/** Where a dictionary is measured: beside the lens, or in it where there is no room for a second model. */
import { expect, it } from 'vitest';
import { createEvaluation } from '../../../src/app/evaluation.ts';
import type { ModelInfo, ModelSource } from '../../../src/api/model.ts';
import type { LensServices } from '../../../workers/lens/client.ts';
import { createRemote } from '../../../workers/remote.ts';
import type { StudyServices } from '../../../workers/study/client.ts';

const figures = (tokens: number) => ({ tokens, density: Float32Array.of(0.5) });
const info = { id: 'tiny', hash: 'h', source: 'built-in', bytes: 1000 } as ModelInfo;

/** @param fail what the study worker answers instead */
function make({ bytes = 1000, fail, source = { id: 'tiny' } }: { bytes?: number; fail?: Error; source?: ModelSource } = {}) {
  const calls: [string, unknown[]][] = [];
  const answer = (name: string, args: unknown[]) => {
    calls.push([name, args]);
    if (name === 'library.unread') return { config: {}, parts: [] };
    if (name === 'evaluation.evaluate') return figures(1);
    return undefined;
  };
  const lens = createRemote<LensServices>({ call: (name, args) => Promise.resolve(answer(name, args)) });
  const study = createRemote<StudyServices>({
    call: (name, args, options) => {
      calls.push([`study ${name}`, args]);
      options?.onProgress?.({ done: 1, total: 2 } as never);
      return fail ? Promise.reject(fail) : Promise.resolve(figures(2));
    },
  });
  const evaluate = createEvaluation({ lens, study, model: () => ({ info: { ...info, bytes }, source }) });
  return { evaluate, calls, names: () => calls.map(([name]) => name) };
}

const coded = (code: string) => Object.assign(new Error(code), { code });

it('is beside the lens, which hears how often features fired', async () => {
  const { evaluate, calls, names } = make({ source: { hub: 'a/b', revision: 'main', host: 'h', keptOnly: true, random: 7 } });
  const progress: unknown[] = [];
  expect(await evaluate('d', { tokens: 64, onProgress: (p) => progress.push(p) })).toMatchObject({ tokens: 2 });
  expect(names()).toEqual(['library.unread', 'study evaluation.evaluate', 'library.noteMeasured']);
  const model = {
    info: { id: 'tiny', hash: 'h', source: 'built-in' },
    source: { hub: 'a/b', revision: 'main', host: 'h', keptOnly: true, random: 7 },
  };
  expect(calls[1][1]).toEqual([{ model, dictionary: { config: {}, parts: [] } }, { tokens: 64 }]);
  expect(calls[2][1]).toEqual(['d', expect.objectContaining({ id: 'tiny', hash: 'h' }), { density: Float32Array.of(0.5), tokens: 2 }]);
  expect(progress).toEqual([{ done: 1, total: 2 }]);
});

it.each(['unavailable', 'engine'])('is in the lens when the study worker says "%s"', async (code) => {
  const { evaluate, names } = make({ fail: coded(code) });
  expect(await evaluate('d')).toMatchObject({ tokens: 1 });
  expect(names()).toEqual(['library.unread', 'study evaluation.evaluate', 'evaluation.evaluate', 'library.noteMeasured']);
});

it('is in the lens above a gigabyte of weights', async () => {
  const { evaluate, names } = make({ bytes: 1.1e9 });
  await evaluate('d');
  expect(names()).toEqual(['evaluation.evaluate', 'library.noteMeasured']);
});

it.each(['usage', 'abort', 'format'])('is not tried twice after "%s"', async (code) => {
  const { evaluate, names } = make({ fail: coded(code) });
  await expect(evaluate('d')).rejects.toThrow(code);
  expect(names()).toEqual(['library.unread', 'study evaluation.evaluate']);
});
