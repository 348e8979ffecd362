/** The counts of a pass against the graph itself: shapes of all tensors, products of all MatMuls. */
import { describe, expect, test } from 'vitest';
import { parseConfig, type ModelConfig } from '../../../src/core/lm/config.ts';
import { blockGraph } from '../../../src/core/lm/graphs.ts';
import { blockFlops, blockValues, type PassShape } from '../../../src/core/lm/memory.ts';

/** Shapes of every tensor a block computes, and the multiply-adds × 2 of its products. */
function measure(config: ModelConfig, { rows, pos, past }: PassShape): { values: number; flops: number } {
  const graph = blockGraph(config, 'blocks.0', (name, dims) => ({ name, dims, location: 'weights', offset: 0 }));
  const axis: Record<string, number> = { B: rows, Q: pos, P: past, K: past + pos };
  const shapes = new Map<string, number[]>();
  const ints = new Map(graph.ints.map(({ name, values }) => [name, values]));
  for (const { name, dims } of graph.external) shapes.set(name, [...dims] as number[]);
  for (const { name, dims } of graph.floats) shapes.set(name, [...dims] as number[]);
  for (const { name, dims } of graph.inputs)
    shapes.set(
      name,
      dims.map((d) => (typeof d === 'number' ? d : (axis[d] ?? 1))),
    );
  const size = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
  let values = 0;
  let flops = 0;
  for (const { op, inputs, outputs, attributes } of graph.nodes) {
    const [a, b] = inputs.map((name) => shapes.get(name)!);
    const along = attributes?.axis && 'int' in attributes.axis ? attributes.axis.int : 0;
    const results: number[][] = [];
    if (op === 'Split') results.push(...ints.get(inputs[1])!.map((n) => [...a.slice(0, -1), n]));
    else if (op === 'Reshape') {
      const target = ints.get(inputs[1])!.map((n, i) => n || a[i]);
      results.push(target);
    } else if (op === 'Transpose') {
      const perm = (attributes!.perm as { ints: number[] }).ints;
      results.push(perm.map((i) => a[i]));
    } else if (op === 'Concat') {
      const at = along < 0 ? a.length + along : along;
      const total = inputs.reduce((sum, name) => sum + shapes.get(name)![at], 0);
      results.push(a.map((n, i) => (i === at ? total : n)));
    } else if (op === 'MatMul') {
      results.push([...a.slice(0, -1), b.at(-1)!]);
      flops += 2 * size(a) * b.at(-1)!;
    } else results.push(b && size(b) > size(a) ? b : a);
    outputs.forEach((name, i) => {
      shapes.set(name, results[i]);
      values += size(results[i]);
    });
  }
  return { values, flops };
}

const model = (rotary_pct: number) =>
  parseConfig({
    model_type: 'gpt_neox',
    hidden_size: 64,
    num_attention_heads: 4,
    num_hidden_layers: 1,
    vocab_size: 9,
    intermediate_size: 256,
    rotary_pct,
  });

describe.each([0.25, 1])('with %d of a head rotated', (rotary) => {
  test.each<PassShape>([
    { rows: 1, pos: 1, past: 0 },
    { rows: 7, pos: 5, past: 0 },
    { rows: 3, pos: 9, past: 24 },
  ])('%o', (shape) => {
    const config = model(rotary);
    const { values, flops } = measure(config, shape);
    expect(blockValues(config, shape)).toBeGreaterThanOrEqual(values);
    expect(blockValues(config, shape)).toBeLessThan(1.1 * values);
    expect(blockFlops(config, shape)).toBe(flops);
  });
});
