/** An index against plain loops over all values, its merging, and its files. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { openIndex, openPart, writeIndex, writePart, type IndexIdentity } from '../../../src/core/interp/featureIndex/indexFile.ts';
import { IndexState, type IndexBatch } from '../../../src/core/interp/featureIndex/indexState.ts';
import { FiringTokens, recordOf } from '../../../src/core/interp/featureIndex/record.ts';
import { readRecord, writeRecord } from '../../../src/core/interp/featureIndex/recordBytes.ts';
import { sizesOf } from '../../../src/core/interp/featureIndex/sizes.ts';
import type { FeatureRecord } from '../../../src/core/interp/types.ts';
import { LatentsBuilder } from '../../../src/core/sae/latents.ts';
import { bruteRecord, type Place } from '../../helpers/bruteIndex.ts';

const D_SAE = 12;
const VOCABULARY = 40;
const WINDOW = 32;

/** Pre-activations of one window: latent 0 is dead, 1 dense, 2 fires on one token, others now and then. */
interface Window {
  document: number;
  start: number;
  ids: number[];
  /** [WINDOW, D_SAE] */
  p: Float32Array;
}

function makeWindows(n: number, isSigned = false): Window[] {
  const random = createRandom(5);
  return Array.from({ length: n }, (_, w) => {
    // Every seventh window repeats an earlier one.
    const ids = Array.from({ length: WINDOW }, (_i, i) => (w % 7 === 6 ? (i * 3) % VOCABULARY : Math.floor(random() * VOCABULARY)));
    const p = Float32Array.from({ length: WINDOW * D_SAE }, (_i, k) => {
      const latent = k % D_SAE;
      const id = ids[Math.floor(k / D_SAE)];
      const x = random() * 4 - 2.5;
      if (isSigned) return x;
      if (latent === 0) return -1 - random();
      if (latent === 1) return x + 2.6;
      if (latent === 2) return id === 7 ? 3 + random() : -random();
      return Math.exp(latent / 2) * x;
    });
    return { document: Math.floor(w / 3), start: (w % 3) * WINDOW, ids, p };
  });
}

function batchOf(windows: readonly Window[], isSigned = false): IndexBatch {
  const n = windows.length * WINDOW;
  const fired = new LatentsBuilder(n);
  const missed = new LatentsBuilder(n);
  for (const { p } of windows) {
    for (let k = 0; k < p.length; k++) {
      if (isSigned || p[k] > 0) fired.add(k % D_SAE, p[k]);
      else missed.add(k % D_SAE, p[k]);
      if (k % D_SAE === D_SAE - 1) {
        fired.endRow();
        missed.endRow();
      }
    }
  }
  const of = (value: (window: Window, i: number) => number) =>
    Uint32Array.from({ length: n }, (_, r) => value(windows[Math.floor(r / WINDOW)], r % WINDOW));
  const row = (_: Window, i: number) => i;
  return {
    documents: of(({ document }) => document),
    positions: of(({ start }, i) => start + i),
    ids: of(({ ids }, i) => ids[i]),
    places: of(row),
    starts: Uint32Array.from({ length: n }, (_, r) => r - (r % WINDOW)),
    ends: Uint32Array.from({ length: n }, (_, r) => r - (r % WINDOW) + WINDOW),
    fired: fired.finish(D_SAE, {}),
    missed: missed.finish(D_SAE, {}),
  };
}

function stateOf(windows: readonly Window[], batch = 4, isSigned = false): IndexState {
  const state = new IndexState(sizesOf(D_SAE), isSigned);
  for (let at = 0; at < windows.length; at += batch) state.add(batchOf(windows.slice(at, at + batch), isSigned));
  return state;
}

function recordsOf(state: IndexState): FeatureRecord[] {
  const firing = new FiringTokens(state.table.columns(), D_SAE);
  return Array.from({ length: D_SAE }, (_, j) => recordOf(state, firing, j));
}

function placesOf(windows: readonly Window[], latent: number, isSigned: boolean): Place[] {
  return windows.flatMap((window) => {
    const p = window.ids.map((_, i) => window.p[i * D_SAE + latent]);
    const values = p.map((v) => (isSigned || v > 0 ? v : 0));
    return window.ids.map((_, i) => ({
      document: window.document,
      position: window.start + i,
      ids: window.ids,
      values,
      place: i,
      value: p[i],
      fires: isSigned || p[i] > 0,
    }));
  });
}

describe.each([
  ['ReLU', false],
  ['signed', true],
])('an index of %s latents equals plain loops over all values', (_name, isSigned) => {
  const windows = makeWindows(60, isSigned);
  const records = recordsOf(stateOf(windows, 7, isSigned));

  it.each(records.map((_, j) => [j]))('latent %i', (j) => {
    const { tags: _tags, ...record } = records[j];
    const all = placesOf(windows, j, isSigned);
    const { mean, variance, firing, ...brute } = bruteRecord(all, j, sizesOf(D_SAE), records[j]);
    expect(record).toMatchObject(brute);
    expect(record.mean).toBeCloseTo(mean, 7);
    expect(record.variance).toBeCloseTo(variance, 6);
    expect(record.firing.map(({ id, count, max }) => [id, count, max])).toEqual(firing.map(({ id, count, max }) => [id, count, max]));
    record.firing.forEach((token, i) => expect(token.sum).toBeCloseTo(firing[i].sum, 7));
    const { edges, counts } = record.histogram;
    const widths = edges.slice(1).map((edge, b) => edge - edges[b]);
    expect(Math.max(...widths) - Math.min(...widths)).toBeLessThan(1e-9);
    const sizes = all.filter(({ fires }) => fires).map(({ value }) => Math.abs(value));
    expect(counts.reduce((a, b) => a + b, 0)).toBe(sizes.length);
    if (sizes.length > 0) expect(edges[50]).toBeLessThanOrEqual(1.06 * Math.max(...sizes) + 1e-9);
  });
});

it('tags say what the numbers say', () => {
  const [dead, dense, single] = recordsOf(stateOf(makeWindows(60)));
  expect([dead.tags, dense.tags, single.tags]).toEqual([['dead'], ['dense'], ['single-token']]);
});

const identity: IndexIdentity = { dictionary: 'd', model: 'm', hook: 'h', corpus: 'c', text: 't', total: 1920, n_ctx: WINDOW };
const bytesOf = async (file: { arrayBuffer(): Promise<ArrayBuffer> }) => Buffer.from(await file.arrayBuffer()).toString('base64');
const partOf = (state: IndexState) => writePart({ identity, state, shard: 0, shards: 1, done: 60, windows: 60 });

describe('indices of parts merge into the index of the whole, byte for byte', () => {
  const windows = makeWindows(60);

  it.each([1, 2, 5])('%i parts, in any order and cut into any batches', async (parts) => {
    const merged = new IndexState(sizesOf(D_SAE));
    for (let s = parts - 1; s >= 0; s--) merged.merge(stateOf(windows.filter((_, w) => w % parts === s).reverse(), 1 + s));
    expect(await bytesOf(partOf(merged))).toBe(await bytesOf(partOf(stateOf(windows))));
    expect(await bytesOf(writeIndex(identity, merged))).toBe(await bytesOf(writeIndex(identity, stateOf(windows))));
  });

  it('a part read again goes on as if nothing had been', async () => {
    let state = new IndexState(sizesOf(D_SAE));
    for (let at = 0; at < 60; at += 6) {
      state.add(batchOf(windows.slice(at, at + 6)));
      const again = await openPart(partOf(state));
      expect(again.identity).toEqual(identity);
      state = again.state;
    }
    expect(await bytesOf(writeIndex(identity, state))).toBe(await bytesOf(writeIndex(identity, stateOf(windows))));
  });

  it('parts of different forms do not merge', () => {
    expect(() => new IndexState(sizesOf(D_SAE)).merge(new IndexState(sizesOf(D_SAE), true))).toThrow('do not belong together');
  });
});

describe('files', () => {
  const state = stateOf(makeWindows(60));
  const records = recordsOf(state);

  it('give back every record, and figures of all', async () => {
    const { summary, record } = await openIndex(writeIndex(identity, state));
    for (let j = 0; j < D_SAE; j++) expect(await record(j)).toEqual(records[j]);
    expect(summary).toMatchObject({ identity, tokens: 1920, isShort: false });
    expect([summary.token[0], summary.token[2], summary.share[2], summary.entropy[2]]).toEqual([0xffffffff, 7, 1, 0]);
  });

  it('in short keep less, and the same figures', () => {
    const whole = writeRecord(records[5]);
    const short = writeRecord(records[5], 1);
    expect(short.length).toBeLessThan(whole.length / 3);
    const read = readRecord(short);
    expect(read.histogram).toEqual(records[5].histogram);
    expect(read.top.map(({ document, position }) => [document, position])).toEqual(
      records[5].top.slice(0, 5).map(({ document, position }) => [document, position]),
    );
    read.top[0].values.forEach((v, i) =>
      expect(v).toBeCloseTo(records[5].top[0].values.slice(records[5].top[0].at - read.top[0].at)[i], 0),
    );
  });

  it('that are cut off or changed are refused with a sentence', async () => {
    const whole = new Uint8Array(await writeIndex(identity, state).arrayBuffer());
    const random = createRandom(1);
    for (let i = 0; i < 200; i++) {
      const bytes = whole.slice(0, Math.floor(random() * whole.length));
      await expect(openIndex(new Blob([bytes]))).rejects.toThrow(
        /damaged|cut off|too early|does not|too few|ends inside|is not a safetensors|belong to no/,
      );
    }
    for (let i = 0; i < 200; i++) {
      const bytes = whole.slice();
      bytes[Math.floor(random() * bytes.length)] ^= 1 + Math.floor(random() * 255);
      // What still reads must read as a record; what does not must say why.
      const opened = await openIndex(new Blob([bytes])).catch((error: Error) => void expect(error.name).toBe('FormatError'));
      for (let j = 0; opened && j < D_SAE; j++) await opened.record(j).catch((error: Error) => expect(error.name).toBe('FormatError'));
    }
  });
});
