/** Dictionaries on a graphics device without a browser: SAELens's own numbers, and odd shapes against the twin. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Runtime } from '../../src/engine/model/runtime.ts';
import { WebgpuEngine } from '../../src/kernels/webgpu/engine.ts';
import { decode } from '../../src/core/sae/decode.ts';
import { hasSkip, type Architecture, type Dictionary } from '../../src/core/sae/dictionary.ts';
import { toDense } from '../../src/core/sae/latents.ts';
import { HAS_DAWN, openDawn } from '../helpers/dawn.ts';
import { relativeToTolerance } from '../helpers/goldens.ts';
import { expectSameLatents, randomSuite, TOLERANCES } from '../helpers/latents.ts';
import { flatten, openFixture, readGolden, SAELENS_FIXTURES } from '../unit/sae/helpers.ts';

// A software adapter on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const ARCHITECTURES: Architecture[] = ['tied', 'standard', 'topk', 'groupmax', 'jumprelu', 'gated', 'batchtopk', 'pca'];
const tolerance = TOLERANCES.webgpu;

describe.skipIf(!HAS_DAWN)('on Dawn', () => {
  let device: GPUDevice;
  let engine: WebgpuEngine;
  beforeAll(async () => {
    ({ device } = await openDawn());
    const runtime = new Runtime({ ort: undefined as never, device, threads: 1 });
    engine = new WebgpuEngine((label, work) => runtime.onDevice(label, work));
  });
  afterAll(() => device?.destroy());

  /** Latents within tolerance of switching may differ; x̂ is compared by decoding the device's own latents with the twin. */
  async function expectSame(dictionary: Dictionary, x: Float32Array) {
    const latents = await engine.encode(dictionary, x);
    expectSameLatents(dictionary, x, latents, tolerance);
    const o = hasSkip(dictionary.config.architecture) ? { x } : {};
    const decoded = await engine.decode(dictionary, latents, o);
    expect(relativeToTolerance(decoded, decode(dictionary, latents, o), tolerance)).toBeLessThanOrEqual(1);
    engine.forget(dictionary);
    return { latents, decoded };
  }

  it.each(SAELENS_FIXTURES)('gives the latents and the reconstruction that SAELens gave for %s', async (name) => {
    const golden = readGolden(name);
    const { dictionary } = await openFixture(name);
    const { latents, decoded } = await expectSame(dictionary, flatten(golden.x));
    expect(relativeToTolerance(toDense(latents), golden.f.flat(), tolerance)).toBeLessThanOrEqual(1);
    expect(relativeToTolerance(decoded, golden.xhat.flat(), tolerance)).toBeLessThanOrEqual(1);
  });

  it.each(ARCHITECTURES)('agrees with the twin on %s dictionaries of random shapes', async (architecture) => {
    for (const { dictionary, x } of randomSuite(architecture, 6)) await expectSame(dictionary, x);
  });
});
