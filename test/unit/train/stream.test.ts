import { describe, expect, it } from 'vitest';
import { countChunks, joinDocuments, planStream, rowOrder } from '../../../src/core/train/stream.ts';

const settings = { seed: 7, heldOut: 0.1, chunksPerBlock: 16, passes: 2 };

describe('the order of text', () => {
  it('joins documents with the end-of-text token and cuts whole chunks', () => {
    expect([...joinDocuments([[5, 6], [], [7]], 0)]).toEqual([0, 5, 6, 0, 0, 7]);
    expect(countChunks(1025, 256)).toBe(4);
  });

  it('reads every training chunk once a pass and no held-out one', () => {
    const { blocks, heldOut } = planStream(100, settings);
    expect(heldOut).toHaveLength(10);
    expect(blocks.map((b) => b.length)).toEqual([16, 16, 16, 16, 16, 10, 16, 16, 16, 16, 16, 10]);
    const passes = [blocks.slice(0, 6), blocks.slice(6)].map((some) => some.flatMap((b) => [...b]));
    for (const pass of passes) {
      expect([...pass, ...heldOut].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    }
    expect(passes[0]).not.toEqual(passes[1]);
  });

  it('begins with short blocks where asked, which change nothing but where it is cut', () => {
    const growing = planStream(100, { ...settings, firstChunks: 3 });
    expect(growing.blocks.map((b) => b.length)).toEqual([3, 6, 12, 16, 16, 16, 16, 5, 16, 16, 16, 16, 16, 10]);
    const order = ({ blocks }: typeof growing) => blocks.flatMap((b) => [...b]);
    expect(order(growing)).toEqual(order(planStream(100, settings)));
    expect(planStream(100, { ...settings, firstChunks: 99 })).toEqual(planStream(100, settings));
    expect(() => planStream(9, { ...settings, firstChunks: 0 })).toThrow(/first block/);
  });

  it('is decided by the seed; the held-out part does not depend on passes or blocks', () => {
    expect(planStream(100, settings)).toEqual(planStream(100, settings));
    expect(planStream(100, { ...settings, seed: 8 }).heldOut).not.toEqual(planStream(100, settings).heldOut);
    expect(planStream(100, { ...settings, passes: 5, chunksPerBlock: 3 }).heldOut).toEqual(planStream(100, settings).heldOut);
  });

  it('refuses settings out of range', () => {
    expect(() => planStream(1, { ...settings, heldOut: 0.6 })).toThrow(/none is left to train on/);
    expect(() => planStream(0, settings)).toThrow(/none is left/);
    expect(() => planStream(9, { ...settings, heldOut: 1 })).toThrow(/below 1/);
    expect(() => planStream(9, { ...settings, passes: 0 })).toThrow(/passes/);
    expect(() => planStream(9, { ...settings, seed: 0.5 })).toThrow(/seed/);
  });

  it('shuffles the rows of a block, each kept one once', () => {
    const ids = [0, 9, 9, 9, 9, 0, 9, 9];
    const keep = { keepFirst: true, keepEndOfText: true, endOfText: 0 };
    const sorted = (order: Uint32Array) => [...order].sort((a, b) => a - b);
    expect(sorted(rowOrder(ids, 4, keep, 1, 0))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(sorted(rowOrder(ids, 4, { ...keep, keepFirst: false }, 1, 0))).toEqual([1, 2, 3, 5, 6, 7]);
    expect(sorted(rowOrder(ids, 4, { ...keep, keepEndOfText: false }, 1, 0))).toEqual([1, 2, 3, 4, 6, 7]);
    const long = new Uint16Array(512).fill(9);
    const order = rowOrder(long, 4, keep, 1, 0);
    expect(order).toEqual(rowOrder(long, 4, keep, 1, 0));
    expect(order).not.toEqual(rowOrder(long, 4, keep, 1, 1));
    expect(order).not.toEqual(rowOrder(long, 4, keep, 2, 0));
    // A shuffle, not a shift: the mean distance from home is near a third of the length.
    const moved = [...order].reduce((sum, row, i) => sum + Math.abs(row - i), 0) / 512;
    expect(moved).toBeGreaterThan(130);
    expect(moved).toBeLessThan(210);
  });
});
