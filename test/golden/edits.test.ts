import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Array2, Edit, HookEdit, HookInfo, Input, RunResult } from '../../src/api/model.ts';
import type { FeaturescopeApi } from '../../src/api/featurescope.ts';
import { createRandom } from '../../src/core/array/random.ts';
import { listHooks } from '../../src/core/lm/hooks.ts';
import { referenceForward } from '../../src/core/lm/reference.ts';
import { pickToken } from '../../src/core/lm/sampling.ts';
import { maxDifference, MODELS, relativeToTolerance } from '../helpers/goldens.ts';
import { createNodeApi, diskFiles, type NodeApi } from '../helpers/nodeEngine.ts';
import { editSimply, randomArray, valueShape, type RowOfText, type TestEdit, type ValueForm } from '../helpers/simpleEdits.ts';
import { fixtureConfig, openFixture, readAll } from '../unit/formats/helpers.ts';

/** Rule of design D5 on WASM: 1e-4 · max(1, largest/10). */
const TOLERANCE = 1e-4;
/** Two ways through the same kernels: a few roundings of numbers near 10. */
const SAME = 1e-5;

let node: NodeApi;
let api: FeaturescopeApi;

beforeAll(async () => {
  node = createNodeApi();
  await node.api.ready;
  api = node.api;
});
afterAll(() => node.close());

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

describe.each(['tiny-neox', 'tiny-neox-rot8'])('%s', (folder) => {
  const config = fixtureConfig(folder);
  const { n_layers, n_heads, d_vocab } = config;
  const hooks = listHooks(config);
  const editable = hooks.filter((hook) => hook.editable);
  let weights: Map<string, Float32Array>;

  beforeAll(async () => {
    await api.models.load(diskFiles(join(MODELS, folder), ['config.json', 'model.safetensors']));
    weights = await readAll(await openFixture(folder, 'model.safetensors'));
  });

  const randomIds = (random: () => number, n: number) => range(n).map(() => Math.floor(random() * d_vocab));
  const innerShape = (hook: HookInfo) => hook.shape.filter((d) => d !== 'pos');

  /** What the reference model gives for each row, edits made by the simple implementation. */
  function reference(rows: number[][], edits: TestEdit[]) {
    const longest = Math.max(...rows.map((ids) => ids.length));
    return rows.map((ids, row) => {
      const text: RowOfText = { row, length: ids.length, longest, n_heads };
      const acts = new Map<string, Float32Array>();
      const visit = (hook: string, x: Float32Array) => {
        const edited = edits.filter(({ edit }) => edit.hook === hook).reduce((values, edit) => editSimply(values, edit, text), x);
        acts.set(hook, edited);
        return edited;
      };
      const logits = referenceForward(config, (name) => weights.get(name)!, ids, { visit });
      return { acts, logits };
    });
  }

  /** One row of a batch's answer without its padding, which must be 0. */
  function rowOf({ data, shape }: Array2, hook: HookInfo | undefined, row: number, length: number, isBatch: boolean): Float32Array {
    const inner = isBatch ? shape.slice(1) : shape;
    const size = inner.reduce((a, b) => a * b, 1);
    const own = data.subarray(row * size, (row + 1) * size);
    if (hook?.name.endsWith('hook_pattern')) {
      const [H, pos] = inner;
      const out = new Float32Array(H * length * length);
      let rest = 0;
      for (let h = 0; h < H; h++) {
        for (let p = 0; p < pos; p++) {
          for (let key = 0; key < pos; key++) {
            const value = own[(h * pos + p) * pos + key];
            if (p < length && key < length) out[(h * length + p) * length + key] = value;
            else rest = Math.max(rest, Math.abs(value));
          }
        }
      }
      expect(rest, 'padding').toBe(0);
      return out;
    }
    const width = size / inner[0];
    expect(
      own.subarray(length * width).every((x) => x === 0),
      'padding',
    ).toBe(true);
    return own.subarray(0, length * width);
  }

  /** Runs with every hook read and all logits, and compares everything with the reference. */
  async function check(rows: number[][], isBatch: boolean, edits: TestEdit[]): Promise<void> {
    const input: Input = isBatch ? { batch: rows } : { ids: rows[0] };
    const read = hooks.map((hook) => hook.name);
    const result = await api.run(input, { read, edits: edits.map(({ edit }) => edit), logits: 'all' });
    const what = edits
      .map(({ edit, form }) => `${edit.hook} ${edit.op} ${form ?? ''} ${String(edit.positions ?? 'all')}/${String(edit.rows ?? 'all')}`)
      .join('; ');
    reference(rows, edits).forEach(({ acts, logits }, row) => {
      const { length } = rows[row];
      for (const hook of hooks) {
        const actual = rowOf(result.acts[hook.name], hook, row, length, isBatch);
        const off = relativeToTolerance(actual, acts.get(hook.name)!, TOLERANCE);
        if (!(off <= 1)) expect.fail(`${hook.name}, row ${row}: off by ${off} tolerances with ${what}`);
      }
      const off = relativeToTolerance(rowOf(result.logits!, undefined, row, length, isBatch), logits, TOLERANCE);
      if (!(off <= 1)) expect.fail(`logits, row ${row}: off by ${off} tolerances with ${what}`);
    });
  }

  type Op = HookEdit['op'];
  const OPS: { op: Op; form?: ValueForm }[] = [
    { op: 'add' },
    { op: 'scale' },
    { op: 'project_out' },
    { op: 'set', form: 'token' },
    { op: 'set', form: 'positions' },
    { op: 'set', form: 'rows' },
  ];

  function makeEdit(
    random: () => number,
    hook: HookInfo,
    { op, form }: { op: Op; form?: ValueForm },
    rows: number[][],
    where: { positions?: number[]; rows?: number[] },
  ): TestEdit {
    const longest = Math.max(...rows.map((ids) => ids.length));
    const isPattern = hook.name.endsWith('hook_pattern');
    const inner = innerShape(hook);
    const F = inner.reduce((a, b) => a * b, 1) * (isPattern ? longest : 1);
    const base = { hook: hook.name, ...where };
    const vector = (scale: number) => randomArray(random, [F], scale).data;
    if (op === 'add') return { edit: { ...base, op, vector: vector(1) } };
    if (op === 'scale') return { edit: { ...base, op, factor: (random() - 0.5) * 4 } };
    if (op === 'project_out') return { edit: { ...base, op, direction: vector(1.5 / Math.sqrt(F)), bias: (random() - 0.3) * 2 } };
    const shape = valueShape(hook.name, inner, form!, where.positions?.length ?? longest, where.rows?.length ?? rows.length, longest);
    return { edit: { ...base, op, value: randomArray(random, shape, 1) }, form: form! };
  }

  test.each(editable.map((hook) => [hook.name, hook] as const))(
    '%s takes every op, everywhere and at some positions, in one text and in rows of a padded batch',
    async (name, hook) => {
      const random = createRandom(name.length * 1000 + hooks.indexOf(hook));
      const single = [randomIds(random, 6)];
      const batch = [4, 7, 1].map((n) => randomIds(random, n));
      for (const kind of OPS) {
        if (kind.form !== 'rows') {
          await check(single, false, [makeEdit(random, hook, kind, single, {})]);
          await check(single, false, [makeEdit(random, hook, kind, single, { positions: [4, 0] })]);
        }
        await check(batch, true, [makeEdit(random, hook, kind, batch, {})]);
        // Position 5 exists in row 1 alone; rows named backwards.
        await check(batch, true, [makeEdit(random, hook, kind, batch, { positions: [5, 0], rows: [2, 1] })]);
      }
    },
  );

  test('several edits at once agree with the reference, for many seeds', async () => {
    for (let seed = 0; seed < 120; seed++) {
      const random = createRandom(seed);
      const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)];
      const isBatch = random() < 0.5;
      const rows = range(isBatch ? 1 + Math.floor(random() * 4) : 1).map(() => randomIds(random, 1 + Math.floor(random() * 12)));
      const longest = Math.max(...rows.map((ids) => ids.length));
      const layer = Math.floor(random() * n_layers);
      const inLayer = editable.filter((hook) => hook.name.startsWith(`blocks.${layer}.`));
      const edits = range(1 + Math.floor(random() * 6)).map(() => {
        const kind = pick(OPS.filter((o) => isBatch || o.form !== 'rows'));
        const chosenRows = isBatch && random() < 0.5 ? range(rows.length).filter(() => random() < 0.6) : undefined;
        const reach = Math.max(0, ...(chosenRows ?? range(rows.length)).map((r) => rows[r].length));
        const positions =
          random() < 0.5
            ? range(reach)
                .filter(() => random() < 0.5)
                .reverse()
            : undefined;
        const where = { ...(positions && { positions }), ...(chosenRows && { rows: chosenRows }) };
        // Two thirds in one layer, where they meet; the others anywhere.
        return makeEdit(random, pick(random() < 0.67 ? inLayer : editable), kind, rows, where);
      });
      expect(longest).toBeGreaterThan(0);
      try {
        await check(rows, isBatch, edits);
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
    }
  });

  describe('within a block', () => {
    const ids = [5, 17, 200, 33, 9];
    const layer = 1;
    const at = (site: string) => `blocks.${layer}.${site}`;
    const read = hooks.map((hook) => hook.name);
    let plain: RunResult;
    beforeAll(async () => {
      plain = await api.run({ ids }, { read, logits: 'all' });
    });

    /** Hooks whose values differ from the plain run's, of this block and the residual after it. */
    async function changedBy(edit: Edit): Promise<string[]> {
      const result = await api.run({ ids }, { read, edits: [edit], logits: 'all' });
      const changed = read.filter((name) => maxDifference(result.acts[name].data, plain.acts[name].data) > SAME);
      expect(changed).toContain('ln_final.hook_normalized');
      expect(maxDifference(result.logits!.data, plain.logits!.data)).toBeGreaterThan(1e-3);
      return changed.filter((name) => name.startsWith(`blocks.${layer}.`) || name.startsWith('blocks.0') || name === 'hook_embed');
    }

    const ATTENTION = ['attn.hook_z', 'hook_attn_out', 'hook_resid_post'];
    const ALL = ['ln1.hook_normalized', 'ln2.hook_normalized', 'attn.hook_v', 'attn.hook_pattern', 'attn.hook_z', 'hook_attn_out'];
    test.each([
      ['attn.hook_v', ['attn.hook_v', ...ATTENTION]],
      ['attn.hook_pattern', ['attn.hook_pattern', ...ATTENTION]],
      ['attn.hook_z', ATTENTION],
      ['hook_attn_out', ATTENTION.slice(1)],
      ['mlp.hook_pre', ['mlp.hook_pre', 'mlp.hook_post', 'hook_mlp_out', 'hook_resid_post']],
      ['mlp.hook_post', ['mlp.hook_post', 'hook_mlp_out', 'hook_resid_post']],
      ['hook_mlp_out', ['hook_mlp_out', 'hook_resid_post']],
      ['hook_resid_post', ['hook_resid_post']],
      ['hook_resid_pre', ['hook_resid_pre', ...ALL, 'mlp.hook_pre', 'mlp.hook_post', 'hook_mlp_out', 'hook_resid_post']],
    ])('an edit of %s is seen downstream of it and nowhere else', async (site, seen) => {
      // A constant added to the residual would vanish in the LayerNorms; scaling one token does not.
      const edit: Edit =
        site === 'hook_resid_pre'
          ? { hook: at(site), op: 'set', value: { data: plain.acts['hook_embed'].data.slice(), shape: plain.acts['hook_embed'].shape } }
          : { hook: at(site), op: 'scale', factor: 0.2 };
      expect((await changedBy(edit)).toSorted()).toEqual(seen.map(at).toSorted());
    });

    test('edits of one hook apply in list order, and reading gives the value after the last', async () => {
      const hook = at('hook_mlp_out');
      const own = plain.acts[hook].data;
      const vector = Float32Array.from({ length: config.d_model }, (_, i) => i / 10);
      const add: Edit = { hook, op: 'add', vector };
      const scale: Edit = { hook, op: 'scale', factor: -2 };
      const acts = async (edits: Edit[]) => (await api.run({ ids }, { read: [hook], edits })).acts[hook].data;
      const addFirst = own.map((x, i) => (x + vector[i % config.d_model]) * -2);
      const scaleFirst = own.map((x, i) => x * -2 + vector[i % config.d_model]);
      expect(maxDifference(await acts([add, scale]), addFirst)).toBeLessThan(SAME);
      expect(maxDifference(await acts([scale, add]), scaleFirst)).toBeLessThan(SAME);
      expect(maxDifference(addFirst, scaleFirst)).toBeGreaterThan(1);
    });

    test('scaling by 1, adding 0 and setting a hook to its own value change nothing', async () => {
      for (const hook of editable) {
        const value = plain.acts[hook.name];
        const F = value.data.length / ids.length;
        const edits: Edit[] = [
          { hook: hook.name, op: 'scale', factor: 1 },
          { hook: hook.name, op: 'set', value },
          { hook: hook.name, op: 'add', vector: new Float32Array(F) },
          { hook: hook.name, op: 'project_out', direction: new Float32Array(F), bias: 1 },
        ];
        for (const edit of edits) {
          const result = await api.run({ ids }, { read, edits: [edit], logits: 'all' });
          for (const name of read) {
            expect(
              relativeToTolerance(result.acts[name].data, plain.acts[name].data, SAME),
              `${edit.op} ${hook.name}: ${name}`,
            ).toBeLessThanOrEqual(1);
          }
          expect(relativeToTolerance(result.logits!.data, plain.logits!.data, SAME)).toBeLessThanOrEqual(1);
        }
      }
    });
  });

  describe('a cached start', () => {
    const rows = [
      [1, 2, 3, 4, 5, 6, 7],
      [250, 0, 11],
      [42, 77, 99, 123, 8],
    ];

    test.each(range(n_layers))('at layer %d gives what the full run gives, for one text and for a padded batch', async (layer) => {
      const later = hooks
        .map((h) => h.name)
        .filter((name) => name === 'ln_final.hook_normalized' || Number(/^blocks\.(\d+)/.exec(name)?.[1] ?? -1) >= layer);
      const pre = `blocks.${layer}.hook_resid_pre`;
      const vector = Float32Array.from({ length: config.d_mlp }, (_, i) => Math.sin(i));
      const edits: Edit[] = [
        { hook: `blocks.${n_layers - 1}.mlp.hook_post`, op: 'add', vector, positions: [1] },
        { hook: `blocks.${layer}.attn.hook_z`, op: 'scale', factor: 1.5 },
      ];
      for (const input of [{ ids: rows[0] }, { batch: rows }]) {
        const full = await api.run(input, { read: later, edits, logits: 'all' });
        const start = (await api.run(input, { read: [pre] })).acts[pre];
        const before = start.data.slice();
        const cached = await api.run(input, { read: later, edits, logits: 'all', from: { layer, resid: start } });
        expect(Object.keys(cached.acts).toSorted()).toEqual(later.toSorted());
        for (const name of later) {
          expect(cached.acts[name].shape).toEqual(full.acts[name].shape);
          expect(relativeToTolerance(cached.acts[name].data, full.acts[name].data, SAME), name).toBeLessThanOrEqual(1);
        }
        expect(relativeToTolerance(cached.logits!.data, full.logits!.data, SAME)).toBeLessThanOrEqual(1);
        expect(cached.lengths).toEqual(full.lengths);
        expect(start.data).toEqual(before);
      }
    });

    test('starts from the numbers given, not from those of the ids', async () => {
      const pre = 'blocks.1.hook_resid_pre';
      const other = await api.run({ ids: rows[2] }, { read: [pre], logits: 'all' });
      const cached = await api.run({ ids: [0, 0, 0, 0, 0] }, { logits: 'all', from: { layer: 1, resid: other.acts[pre] } });
      expect(relativeToTolerance(cached.logits!.data, other.logits!.data, SAME)).toBeLessThanOrEqual(1);
    });

    test('an edit of the very residual it starts from applies to it', async () => {
      const pre = 'blocks.1.hook_resid_pre';
      const edits: Edit[] = [{ hook: pre, op: 'scale', factor: -1, positions: [2] }];
      const resid = (await api.run({ ids: rows[0] }, { read: [pre] })).acts[pre];
      const full = await api.run({ ids: rows[0] }, { read: [pre], edits, logits: 'last' });
      const cached = await api.run({ ids: rows[0] }, { read: [pre], edits, logits: 'last', from: { layer: 1, resid } });
      expect(cached.acts[pre].data).toEqual(full.acts[pre].data);
      expect(relativeToTolerance(cached.logits!.data, full.logits!.data, SAME)).toBeLessThanOrEqual(1);
    });
  });

  describe('which logits', () => {
    const batch = [
      [1, 2, 3, 4],
      [9, 8],
    ];
    const V = d_vocab;

    test("'last' is each row's last real token, 'all' every one, a list just those, 'none' nothing", async () => {
      const all = (await api.run({ batch }, { logits: 'all' })).logits!;
      expect(all.shape).toEqual([2, 4, V]);
      const at = (row: number, p: number) => all.data.slice((row * 4 + p) * V, (row * 4 + p + 1) * V);
      expect(at(1, 2).every((x) => x === 0) && at(1, 3).every((x) => x === 0)).toBe(true);

      const last = (await api.run({ batch }, { logits: 'last' })).logits!;
      expect(last.shape).toEqual([2, 1, V]);
      expect(maxDifference(last.data.slice(0, V), at(0, 3))).toBeLessThan(SAME);
      expect(maxDifference(last.data.slice(V), at(1, 1))).toBeLessThan(SAME);

      const some = (await api.run({ batch }, { logits: [2, 0] })).logits!;
      expect(some.shape).toEqual([2, 2, V]);
      expect(maxDifference(some.data.slice(0, V), at(0, 2))).toBeLessThan(SAME);
      expect(maxDifference(some.data.slice(V, 2 * V), at(0, 0))).toBeLessThan(SAME);
      expect(some.data.slice(2 * V, 3 * V).every((x) => x === 0)).toBe(true);
      expect(maxDifference(some.data.slice(3 * V), at(1, 0))).toBeLessThan(SAME);

      expect((await api.run({ batch }, { logits: 'none' })).logits).toBeUndefined();
      expect((await api.run({ batch })).logits).toBeUndefined();
    });

    test('one text has no row axis, a batch of one has', async () => {
      expect((await api.run({ ids: [1, 2, 3] }, { logits: 'last' })).logits!.shape).toEqual([1, V]);
      expect((await api.run({ ids: [1, 2, 3] }, { logits: 'all' })).logits!.shape).toEqual([3, V]);
      expect((await api.run({ batch: [[1, 2, 3]] }, { logits: 'all' })).logits!.shape).toEqual([1, 3, V]);
    });

    test('prepend_bos puts <|endoftext|> in front of every row', async () => {
      const read = ['hook_embed', 'ln_final.hook_normalized'];
      const plain = await api.run({ batch: batch.map((ids) => [0, ...ids]) }, { read, logits: 'all' });
      const bos = await api.run({ batch, prepend_bos: true }, { read, logits: 'all' });
      expect(bos).toEqual(plain);
      expect(bos.lengths).toEqual([5, 3]);
      const one = await api.run({ ids: batch[0], prepend_bos: true }, { logits: 'all' });
      expect(one).toEqual(await api.run({ ids: [0, ...batch[0]] }, { logits: 'all' }));
      expect((await api.run({ ids: batch[0], prepend_bos: false })).lengths).toEqual([4]);
      const greedy = await api.generate({ ids: batch[0], prepend_bos: true }, { tokens: 5 });
      expect(greedy).toEqual(await api.generate({ ids: [0, ...batch[0]] }, { tokens: 5 }));
    });
  });

  describe('generation', () => {
    const prompt = [7, 120, 33, 260, 5];
    const TOKENS = 16;
    const D = config.d_model;
    const random = createRandom(77);
    const vector = (n: number, scale: number) => randomArray(random, [n], scale).data;

    /** The same text grown without a cache: the whole of it run anew for each token. */
    async function recompute(edits: HookEdit[], choose: (logits: Float32Array) => number): Promise<number[]> {
      const ids = [...prompt];
      for (let i = 0; i < TOKENS; i++) {
        const inside = edits.map((edit) => (edit.positions ? { ...edit, ...cut(edit, ids.length) } : edit));
        const { logits } = await api.run({ ids }, { edits: inside, logits: 'last' });
        const id = choose(logits!.data);
        ids.push(id);
        if (id === config.eos_token_id) break;
      }
      return ids.slice(prompt.length);
    }

    /** An edit's positions that exist so far, with their values. */
    function cut(edit: HookEdit, length: number): object {
      const keep = range(edit.positions!.length).filter((i) => edit.positions![i] < length);
      const positions = keep.map((i) => edit.positions![i]);
      if (edit.op !== 'set' || edit.value.shape[0] !== edit.positions!.length) return { positions };
      const F = edit.value.data.length / edit.positions!.length;
      const data = new Float32Array(keep.length * F);
      keep.forEach((i, slot) => data.set(edit.value.data.subarray(i * F, (i + 1) * F), slot * F));
      return { positions, value: { data, shape: [keep.length, ...edit.value.shape.slice(1)] } };
    }

    function greedy(logits: Float32Array): number {
      const order = range(d_vocab).sort((a, b) => logits[b] - logits[a]);
      // A closer call could go either way by rounding and would prove nothing; none of these texts has one.
      expect(logits[order[0]] - logits[order[1]]).toBeGreaterThan(5e-5);
      return order[0];
    }

    const cases: [string, HookEdit[]][] = [
      ['no edits', []],
      ['a vector added to resid_post everywhere', [{ hook: 'blocks.1.hook_resid_post', op: 'add', vector: vector(D, 2) }]],
      [
        'hook_embed at one place of the prompt and one of the new text',
        [{ hook: 'hook_embed', op: 'add', vector: vector(D, 3), positions: [2, 9] }],
      ],
      ['hook_v everywhere', [{ hook: 'blocks.0.attn.hook_v', op: 'add', vector: vector(D, 2) }]],
      [
        'hook_v of chosen positions',
        [{ hook: 'blocks.1.attn.hook_v', op: 'set', value: randomArray(random, [3, D], 4), positions: [10, 1, 6] }],
      ],
      ['hook_v set to one value', [{ hook: 'blocks.0.attn.hook_v', op: 'set', value: randomArray(random, [n_heads, config.d_head], 2) }]],
      ['the pattern scaled', [{ hook: 'blocks.0.attn.hook_pattern', op: 'scale', factor: 0.3 }]],
      ['hook_z', [{ hook: 'blocks.1.attn.hook_z', op: 'project_out', direction: vector(D, 0.5), bias: 0.5 }]],
      ['mlp.hook_pre', [{ hook: 'blocks.0.mlp.hook_pre', op: 'add', vector: vector(config.d_mlp, 1.5) }]],
      ['mlp.hook_post at later positions only', [{ hook: 'blocks.1.mlp.hook_post', op: 'scale', factor: -3, positions: [6, 8, 12] }]],
      [
        'attn_out and mlp_out',
        [
          { hook: 'blocks.0.hook_attn_out', op: 'scale', factor: 0 },
          { hook: 'blocks.1.hook_mlp_out', op: 'set', value: randomArray(random, [D], 1) },
        ],
      ],
      [
        'v, pattern, z and pre of one block',
        [
          { hook: 'blocks.1.attn.hook_v', op: 'scale', factor: 1.7 },
          { hook: 'blocks.1.attn.hook_pattern', op: 'scale', factor: 0.8, positions: [0, 3, 7] },
          { hook: 'blocks.1.attn.hook_z', op: 'add', vector: vector(D, 1) },
          { hook: 'blocks.1.mlp.hook_pre', op: 'scale', factor: 1.2 },
        ],
      ],
    ];

    test.each(cases)('with %s equals recomputing the whole text for every token', async (_, edits) => {
      const { ids } = await api.generate({ ids: prompt }, { tokens: TOKENS, edits });
      expect(ids).toEqual(await recompute(edits, greedy));
    });

    test('edits change the text where they should', async () => {
      const plain = await api.generate({ ids: prompt }, { tokens: TOKENS });
      const edited = await api.generate({ ids: prompt }, { tokens: TOKENS, edits: cases[1][1] });
      expect(edited.ids).not.toEqual(plain.ids);
      // An edit of the last position changes nothing before the token that follows it.
      const late: Edit = { hook: `blocks.${n_layers - 1}.hook_resid_post`, op: 'add', vector: vector(D, 30), positions: [8] };
      const from8 = await api.generate({ ids: prompt }, { tokens: TOKENS, edits: [late] });
      expect(from8.ids.slice(0, 4)).toEqual(plain.ids.slice(0, 4));
      expect(from8.ids[4]).not.toBe(plain.ids[4]);
    });

    test.each([
      [1, 0],
      [0.7, 20],
      [2, 5],
    ])('sampled at temperature %d, top_k %d equals drawing from each step’s logits with the same seed', async (temperature, top_k) => {
      for (const seed of [1, 2, 3]) {
        const draw = createRandom(seed);
        const wanted = await recompute(cases[3][1], (logits) => pickToken(logits, { temperature, top_k, random: draw }));
        const sampled = await api.generate({ ids: prompt }, { tokens: TOKENS, temperature, top_k, seed, edits: cases[3][1] });
        expect(sampled.ids).toEqual(wanted);
      }
    });

    test('the same seed gives the same text, other seeds others', async () => {
      const sample = (seed: number) => api.generate({ ids: prompt }, { tokens: 12, temperature: 1.5, seed });
      const texts = await Promise.all(range(8).map(sample));
      const again = await Promise.all(range(8).map(sample));
      expect(again).toEqual(texts);
      expect(new Set(texts.map(({ ids }) => ids.join())).size).toBe(8);
    });

    test('temperature 0, a vanishing temperature and top_k 1 are greedy', async () => {
      const plain = await api.generate({ ids: prompt }, { tokens: TOKENS });
      for (const options of [
        { temperature: 0, seed: 3 },
        { temperature: 1e-320, seed: 3 },
        { temperature: 5, top_k: 1, seed: 3 },
      ]) {
        expect(await api.generate({ ids: prompt }, { tokens: TOKENS, ...options })).toEqual(plain);
      }
    });

    test('no new tokens asked for gives none, and onToken sees exactly those that come', async () => {
      expect(await api.generate({ ids: prompt }, { tokens: 0 })).toEqual({ ids: [], text: '' });
      const seen: number[] = [];
      const { ids } = await api.generate({ ids: prompt }, { tokens: 6, onToken: (id) => seen.push(id) });
      expect(seen).toEqual(ids);
      expect(ids.length).toBeGreaterThan(0);
    });
  });
});
