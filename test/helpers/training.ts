/** What tests of trainers share, in Node and in Chromium. */
import { expect } from 'vitest';
import { architectureOf, type TrainableConfig } from '../../src/core/train/architectures/index.ts';
import { take, type ParameterName, type Parameters } from '../../src/core/train/types.ts';
import { randomNormal } from '../unit/sae/helpers.ts';

/** Start weights with biases that are not 0. */
export function startOf(config: TrainableConfig, random: () => number): Parameters {
  const start = architectureOf(config).init(config, random);
  for (const bias of [start.b_enc, start.b_dec]) bias?.set(randomNormal(random, bias.length, 0.05));
  return start;
}

/** ‖a − b‖ / ‖b‖ over a tensor. */
export function relativeError(a: Parameters, b: Parameters, name: ParameterName): number {
  const expected = take(b, name);
  const got = take(a, name);
  expect(got.length).toBe(expected.length);
  let difference = 0;
  let size = 0;
  for (let i = 0; i < got.length; i++) {
    difference += (got[i] - expected[i]) ** 2;
    size += expected[i] ** 2;
  }
  return Math.sqrt(difference / size);
}
