import { expect, test } from 'vitest';
import { diskBlob, fixtureConfig, createRecorder } from './helpers.ts';
import { readOnnxCheckpoint } from '../../../src/core/formats/onnx/checkpoint.ts';
import { createParameters } from '../../../src/core/lm/parameters.ts';
import { readFileSync } from 'node:fs';
test('bench', async () => {
  const config = fixtureConfig('pythia-70m-shape');
  for (const kind of ['disk', 'memory']) {
  const { blob, sizes } = createRecorder(kind === 'disk' ? await diskBlob('/tmp/p70.onnx') : new Blob([readFileSync('/tmp/p70.onnx')]));
  let t = performance.now();
  const cp = await readOnnxCheckpoint(blob, config);
  console.log(kind, 'open ms', performance.now() - t, 'reads', sizes.length, 'bytes', sizes.reduce((a, b) => a + b, 0));
  const p = createParameters(config, cp);
  for (const key of ['embed_out.weight','gpt_neox.layers.0.mlp.dense_h_to_4h.weight']) console.log(key, cp.tensors.get(key)!.transposed, cp.tensors.get(key)!.shape);
  t = performance.now();
  for (const n of p.names) { const t1 = performance.now(); const v = await p.read(n); const ms = performance.now() - t1; if (v.length > 3e6) console.log(n, ms.toFixed(0)); }
  console.log('read all ms', performance.now() - t, 'values', p.totalValues, 'max', Math.max(...sizes));
  // worst: turned head
  const head = cp.tensors.get('gpt_neox.embed_in.weight')!;
  const p2 = createParameters({ ...config, tied: true }, { ...cp, tensors: new Map([...cp.tensors].filter(([k]) => k !== 'embed_out.weight')) });
  t = performance.now(); await p2.read('unembed.W_U'); console.log('transpose of 103 MB', performance.now() - t);
  const half = { ...head, dtype: 'F16' as const, length: head.length / 2, file: new Blob([new Uint16Array(head.length / 4)]), offset: 0 };
  const p3 = createParameters(config, { ...cp, tensors: new Map([...cp.tensors, ['gpt_neox.embed_in.weight', half], ['embed_out.weight', half]]) });
  t = performance.now(); await p3.read('embed.W_E'); console.log('fp16 widen', performance.now() - t);
  t = performance.now(); await p3.read('unembed.W_U'); console.log('fp16 widen+transpose', performance.now() - t);
  const b = { ...half, dtype: 'BF16' as const };
  const p4 = createParameters(config, { ...cp, tensors: new Map([...cp.tensors, ['gpt_neox.embed_in.weight', b], ['embed_out.weight', b]]) });
  t = performance.now(); await p4.read('unembed.W_U'); console.log('bf16 widen+transpose', performance.now() - t);
  }
  expect(1).toBe(1);
}, 60000);
