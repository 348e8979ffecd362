import { beforeEach, expect, it } from 'vitest';
import { createMeter, type Meter, type Metered } from '../../../../src/cache/hub/meter.ts';

let now = 0;
let said: Metered[];
let meter: Meter;
beforeEach(() => {
  now = 0;
  said = [];
  meter = createMeter(
    (metered) => said.push(metered),
    () => now,
  );
});

it('says how far it is a few times a second, and always the end', () => {
  meter.begin(100, 1100);
  for (let i = 0; i < 1000; i++) {
    now += 1;
    meter.add(1);
  }
  expect(said[0]).toEqual({ loaded: 100, total: 1100 });
  expect(said.at(-1)).toMatchObject({ loaded: 1100, total: 1100 });
  expect(said.length).toBeLessThan(10);
});

it('gives the rate of the last seconds, of what came in this visit', () => {
  meter.begin(1e6, 1e7);
  for (let i = 0; i < 100; i++) {
    now += 200;
    // Slow for ten seconds, then ten times as fast.
    meter.add(i < 50 ? 2000 : 20_000);
  }
  expect(said.at(-1)!.rate).toBeCloseTo(100_000, -4);
  expect(said[10].rate).toBeCloseTo(10_000, -3);
});

it('says what is waited for until it goes on', () => {
  meter.begin(0, 10);
  meter.note('Waiting.');
  expect(said.at(-1)).toMatchObject({ note: 'Waiting.' });
  meter.note(null);
  expect(said.at(-1)).not.toHaveProperty('note');
});
