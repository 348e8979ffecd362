import { describe, expect, it } from 'vitest';
import { stretch, zoomByKey, type Zoom } from '../../../src/charts/zoom.ts';

const all: Zoom = { domain: [0, 100], end: 100, least: 4 };

describe('a stretch of x seen closer', () => {
  it('is halved about the cursor, doubled, and left by key', () => {
    expect(zoomByKey('+', 50, all)).toEqual([25, 75]);
    expect(zoomByKey('=', 50, { ...all, domain: [25, 75] })).toEqual([37.5, 62.5]);
    expect(zoomByKey('-', 50, { ...all, domain: [40, 60] })).toEqual([30, 70]);
    expect(zoomByKey('0', 50, { ...all, domain: [40, 60] })).toBeNull();
    expect(zoomByKey('Escape', 50, { ...all, domain: [40, 60] })).toBeNull();
    expect(zoomByKey('a', 50, all)).toBeUndefined();
  });

  it('does not leave what there is', () => {
    expect(zoomByKey('+', 100, all)).toEqual([50, 100]);
    expect(zoomByKey('+', 0, all)).toEqual([0, 50]);
    expect(zoomByKey('-', 10, { ...all, domain: [5, 15] })).toEqual([0, 20]);
    expect(stretch(-20, 40, all)).toEqual([0, 60]);
  });

  it('is no stretch when it is all', () => {
    expect(zoomByKey('-', 50, { ...all, domain: [10, 70] })).toBeNull();
    expect(stretch(0, 100, all)).toBeNull();
    expect(zoomByKey('+', 0, { ...all, least: 400 })).toBeNull();
  });

  it('is never closer than a few measurements', () => {
    expect(stretch(50, 51, all)).toEqual([48.5, 52.5]);
    expect(stretch(0, 0.1, all)).toEqual([0, 4]);
  });
});
