import { expect, test } from 'vitest';
import { parseConfig } from '../../../src/core/lm/config.ts';
import { causalMask, rotaryAngles } from '../../../src/core/lm/rotary.ts';

const config = parseConfig({
  model_type: 'gpt_neox',
  hidden_size: 64,
  num_attention_heads: 2,
  num_hidden_layers: 1,
  vocab_size: 9,
  rotary_pct: 0.25,
  rotary_emb_base: 5000,
});

test('angle j of position p is p · base^(−2j/8): four frequencies, the first of them 1', () => {
  const { cos, sin } = rotaryAngles(config, 0, 5);
  // 5000^(−1/4), 5000^(−1/2) and 5000^(−3/4)
  const frequencies = [1, 0.1189207115, 0.01414213562, 0.001681792831];
  expect(cos).toHaveLength(20);
  for (let p = 0; p < 5; p++) {
    frequencies.forEach((f, j) => {
      expect(cos[p * 4 + j]).toBeCloseTo(Math.cos(p * f), 6);
      expect(sin[p * 4 + j]).toBeCloseTo(Math.sin(p * f), 6);
    });
  }
  expect(cos.slice(0, 4)).toEqual(Float32Array.of(1, 1, 1, 1));
  expect(sin.slice(0, 4)).toEqual(new Float32Array(4));
});

test('a stretch that starts later has the angles of its own positions', () => {
  const whole = rotaryAngles(config, 0, 200);
  const tail = rotaryAngles(config, 150, 50);
  expect(tail.cos).toEqual(whole.cos.slice(150 * 4));
  expect(tail.sin).toEqual(whole.sin.slice(150 * 4));
});

test('a position may look at itself and everything before, cached positions included', () => {
  const allowed = (mask: Float32Array) => Array.from(mask, (m) => (m === 0 ? 1 : 0));
  expect(allowed(causalMask(0, 3))).toEqual([1, 0, 0, 1, 1, 0, 1, 1, 1]);
  expect(allowed(causalMask(2, 2))).toEqual([1, 1, 1, 0, 1, 1, 1, 1]);
  expect(allowed(causalMask(7, 1))).toEqual(new Array(8).fill(1));
});

test('what is masked has weight exactly 0 in fp32, and is finite', () => {
  const masked = causalMask(0, 2)[1];
  expect(Number.isFinite(masked)).toBe(true);
  // The lowest score a real position could have is far above −1e6.
  expect(Math.fround(Math.exp(masked + 1e6))).toBe(0);
});
