import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Edit, ModelInfo } from '../../src/api/model.ts';
import type { FeaturescopeApi } from '../../src/api/featurescope.ts';
import { BOOKWORM, maxDifference, MODELS, readGoldens, readJson } from '../helpers/goldens.ts';
import { createNodeApi, diskFiles, type NodeApi } from '../helpers/nodeEngine.ts';
import { openFixture, readAll } from '../unit/formats/helpers.ts';

type Files = { path: string; data: Blob }[];
const FOLDER = join(MODELS, 'tiny-neox');
const TOKENIZER = ['tokenizer.json', 'tokenizer_config.json'];
/** Fixtures README: fp32 arithmetic on CPU or WASM. */
const TOLERANCE = 1e-4;

const goldens = readGoldens(join(FOLDER, 'golden.safetensors'));
const { prompts } = readJson<{ prompts: Record<string, { ids: number[] }> }>(join(FOLDER, 'golden.json'));
const ids = prompts.p1.ids;

let node: NodeApi;
let api: FeaturescopeApi;

beforeAll(async () => {
  node = createNodeApi();
  await node.api.ready;
  api = node.api;
});
afterAll(() => node.close());

/** A rejected call: its kind and its sentence. */
async function refusal(call: Promise<unknown>): Promise<{ name: string; code: string; message: string }> {
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(Error);
  const { name, code, message } = outcome as Error & { code: string };
  // One sentence or two for a person, not a stack or a bare exception.
  expect(message).toMatch(/^[A-Za-z0-9`"'[].{15,}\.$/s);
  return { name, code, message };
}

const files = (...paths: string[]) => diskFiles(FOLDER, paths);
const text = (path: string, content: string) => ({ path, data: new Blob([content]) });
const bytes = (path: string) => new Uint8Array(readFileSync(join(FOLDER, path)));

async function expectLogits(prefix: string): Promise<void> {
  for (const prompt of ['p1', 'p2']) {
    const { logits } = await api.run({ ids: prompts[prompt].ids }, { logits: 'all' });
    expect(maxDifference(logits!.data, goldens.get(`${prefix}${prompt}/logits`)!.data)).toBeLessThanOrEqual(TOLERANCE);
  }
}

describe('every file of the main model', () => {
  /** What opening a file must give: the numbers of these weights, or a sentence with these words. */
  const WANTED: Record<string, 'fp32' | 'fp16w' | RegExp> = {
    'decoder_model.onnx': 'fp32',
    'decoder_model_merged.onnx': 'fp32',
    'decoder_with_past_model.onnx': 'fp32',
    'model.onnx': 'fp32',
    'model_bnb4.onnx': /is quantised \(4-bit bitsandbytes.*Use the fp32 or fp16 file/,
    'model_constants.onnx': 'fp32',
    'model_dynamo.onnx': 'fp32',
    'model_dynamo_opset20.onnx': 'fp32',
    'model_dynamo_opset23.onnx': 'fp32',
    'model_external.onnx': 'fp32',
    'model_floatdata.onnx': 'fp32',
    'model_fp16.onnx': 'fp16w',
    'model_fp16_half_export.onnx': 'fp16w',
    'model_fp16_io.onnx': 'fp16w',
    'model_fp16_storage.onnx': 'fp16w',
    'model_int8_perchannel.onnx': /is quantised \(8-bit/,
    'model_num_logits.onnx': 'fp32',
    'model_opset14_nolayernormop.onnx': 'fp32',
    'model_ort_basic.onnx': 'fp32',
    'model_ort_extended.onnx': 'fp32',
    'model_q4.onnx': /is quantised \(4-bit/,
    'model_q4f16.onnx': /is quantised \(4-bit/,
    'model_quantized.onnx': /is quantised \(8-bit/,
    'model_renamed.onnx': 'fp32',
    'model_uint8.onnx': /is quantised \(8-bit/,
    'model_unfolded.onnx': 'fp32',
    'model_with_past.onnx': 'fp32',
  };

  test('is in the list below', () => {
    const there = readdirSync(join(FOLDER, 'onnx')).filter((name) => name.endsWith('.onnx'));
    expect(there.toSorted()).toEqual(Object.keys(WANTED).toSorted());
  });

  test.each(Object.entries(WANTED))('onnx/%s gives the right numbers or is refused with the right sentence', async (name, wanted) => {
    const external = name === 'model_external.onnx' ? ['onnx/model.onnx_data'] : [];
    const load = api.models.load(files('config.json', `onnx/${name}`, ...external));
    if (wanted instanceof RegExp) {
      const { name: kind, code, message } = await refusal(load);
      expect([kind, code]).toEqual(['FormatError', 'format']);
      expect(message).toMatch(wanted);
      return;
    }
    const info = await load;
    expect(info).toMatchObject({ n_layers: 3, d_model: 32, d_vocab: 300, source: 'files' });
    await expectLogits(wanted === 'fp32' ? '' : 'fp16w/');
  });

  test('the same weights have the same hash in every file that holds them, rounded ones another', async () => {
    const hash = async (...paths: string[]) => (await api.models.load(files('config.json', ...paths))).hash;
    const exact = await hash('model.safetensors');
    expect(exact).toMatch(/^[0-9a-f]{64}$/);
    expect(await hash('onnx/model_with_past.onnx')).toBe(exact);
    expect(await hash('model_unaligned.safetensors')).toBe(exact);
    const rounded = await hash('model_fp16.safetensors');
    expect(rounded).not.toBe(exact);
    expect(await hash('onnx/model_fp16_storage.onnx')).toBe(rounded);
  });
});

describe('after a refusal the model that was there answers as before', () => {
  let before: ModelInfo;
  const header = (): { json: Record<string, { shape: number[]; data_offsets: number[] }>; start: number } => {
    const data = bytes('model.safetensors');
    const length = Number(new DataView(data.buffer).getBigUint64(0, true));
    return { json: JSON.parse(new TextDecoder().decode(data.subarray(8, 8 + length))) as never, start: 8 + length };
  };

  beforeAll(async () => {
    before = await api.models.load(files('config.json', 'model.safetensors', ...TOKENIZER));
  });

  /** The safetensors file with its header changed. */
  function rewritten(change: (json: ReturnType<typeof header>['json']) => void): Blob {
    const { json, start } = header();
    change(json);
    const head = new TextEncoder().encode(JSON.stringify(json));
    const length = new Uint8Array(8);
    new DataView(length.buffer).setBigUint64(0, BigInt(head.length), true);
    return new Blob([length, head, bytes('model.safetensors').subarray(start)]);
  }

  /** The safetensors file with one number of one tensor changed. */
  function poisoned(tensor: string, value: number): Blob {
    const data = bytes('model.safetensors');
    const { json, start } = header();
    new DataView(data.buffer).setFloat32(start + json[tensor].data_offsets[0] + 20, value, true);
    return new Blob([data]);
  }

  const config = (changes: Record<string, unknown>) =>
    text('config.json', JSON.stringify({ ...readJson<object>(join(FOLDER, 'config.json')), ...changes }));
  const weights = (data: Blob) => ({ path: 'model.safetensors', data });
  const PAGE = '<!DOCTYPE html><html><body>404 Not Found</body></html>';
  const DENSE = 'gpt_neox.layers.1.attention.dense.weight';

  const cases: [string, () => Files, RegExp][] = [
    ['no files', () => [], /No config\.json was found/],
    ['no config', () => files('model.safetensors'), /No config\.json was found/],
    ['no weights', () => files('config.json', 'tokenizer.json'), /No model weights were found/],
    ['another architecture', () => [config({ model_type: 'llama' }), ...files('model.safetensors')], /not a GPT-NeoX model.*llama/],
    [
      'the sequential model',
      () => diskFiles(join(MODELS, 'tiny-neox-sequential'), ['config.json', 'model.safetensors']),
      /sequential residual/,
    ],
    [
      'the sequential model as ONNX',
      () => diskFiles(join(MODELS, 'tiny-neox-sequential'), ['config.json', 'onnx/model.onnx']),
      /sequential residual/,
    ],
    ['a quantised config', () => [config({ quantization_config: { bits: 8 } }), ...files('model.safetensors')], /quantised/],
    ['a quantised file', () => files('config.json', 'onnx/model_q4.onnx'), /quantised/],
    [
      'a PyTorch file that is none',
      () => [...files('config.json'), { path: 'pytorch_model.bin', data: new Blob([bytes('pytorch_model.bin').subarray(1)]) }],
      /begins with neither a zip nor a pickle/,
    ],
    [
      'an old PyTorch file that is cut',
      () => [
        ...files('config.json'),
        { path: 'pytorch_model.bin', data: new Blob([bytes('pytorch_model_prezip.bin').subarray(0, 90_000)]) },
      ],
      /ends within storage \d+/,
    ],
    ['a web page as config.json', () => [text('config.json', PAGE), ...files('model.safetensors')], /web page where config\.json/],
    ['a web page as weights', () => [...files('config.json'), weights(new Blob([PAGE]))], /web page where model\.safetensors/],
    ['a web page as tokenizer', () => [...files('config.json', 'model.safetensors'), text('tokenizer.json', PAGE)], /web page/],
    ['a config that is no JSON', () => [text('config.json', '{"model_type"'), ...files('model.safetensors')], /JSON/],
    [
      'a tokenizer nobody can use',
      () => [...files('config.json', 'model.safetensors'), text('tokenizer.json', '{"model":{}}')],
      /tokenizer of this model cannot be read/,
    ],
    [
      'a truncated safetensors file',
      () => [...files('config.json'), weights(new Blob([bytes('model.safetensors').subarray(0, 90_000)]))],
      /cut off|too early|ends/,
    ],
    [
      'a truncated header',
      () => [...files('config.json'), weights(new Blob([bytes('model.safetensors').subarray(0, 100)]))],
      /cut off|too early|header/,
    ],
    ['an empty file', () => [...files('config.json'), weights(new Blob([]))], /empty|cut off|too early/],
    [
      'a truncated ONNX file',
      () => [...files('config.json'), { path: 'onnx/model.onnx', data: new Blob([bytes('onnx/model.onnx').subarray(0, 200_000)]) }],
      /cut off|too early|ends|damaged/,
    ],
    ['ONNX whose second file is missing', () => files('config.json', 'onnx/model_external.onnx'), /second file, "model\.onnx_data"/],
    ['a missing shard', () => shards('model-00001-of-00002.safetensors'), /model-00002-of-00002\.safetensors/],
    [
      'a missing tensor',
      () => [...files('config.json'), weights(rewritten((json) => rename(json, DENSE, 'gpt_neox.layers.1.attention.spare')))],
      /layers\.1\.attention\.dense\.weight/,
    ],
    [
      'a misshapen tensor',
      () => [...files('config.json'), weights(rewritten((json) => (json[DENSE].shape = [16, 64])))],
      /layers\.1\.attention\.dense\.weight.*16.*64|16.*64.*layers\.1\.attention\.dense\.weight/,
    ],
    ['a config of another size', () => [config({ hidden_size: 64 }), ...files('model.safetensors')], /embed_in\.weight.*32/],
    ['a config of more layers', () => [config({ num_hidden_layers: 4 }), ...files('model.safetensors')], /layers\.3\./],
    ['a NaN weight', () => [...files('config.json'), weights(poisoned(DENSE, NaN))], /NaN.*position 5/],
    ['an infinite weight', () => [...files('config.json'), weights(poisoned('embed_out.weight', Infinity))], /infinite.*position 5/],
    [
      'a NaN in the last parameter read',
      () => [...files('config.json'), weights(poisoned('gpt_neox.final_layer_norm.bias', NaN))],
      /ln_final\.b.*NaN|final_layer_norm\.bias.*NaN/,
    ],
    ['two candidates', () => [...files('config.json', 'model_fp16.safetensors', 'model_bf16.safetensors')], /Several files could be/],
  ];

  function shards(...present: string[]): Files {
    return diskFiles(join(FOLDER, 'sharded'), ['config.json', 'model.safetensors.index.json', ...present]);
  }

  function rename(json: Record<string, unknown>, from: string, to: string): void {
    json[to] = json[from];
    delete json[from];
  }

  test.each(cases)('%s', async (_, make, words) => {
    const rest = await node.api.live();
    const { name, code, message } = await refusal(api.models.load(make()));
    expect(message).toMatch(words);
    expect([name, code]).toEqual(['FormatError', 'format']);
    expect(api.models.current()).toBe(before);
    await expectLogits('');
    expect((await api.tokenize('the')).ids).toEqual([85, 259]);
    expect(await node.api.live()).toEqual(rest);
  });

  test('an unknown id is refused with the ids there are', async () => {
    const { code, message } = await refusal(api.models.load('gpt-9'));
    expect(code).toBe('usage');
    expect(message).toMatch(/no model called "gpt-9".*bookworm-9m/);
    expect(api.models.current()).toBe(before);
  });

  test('a load that is stopped leaves the model and no sessions behind', async () => {
    const rest = await node.api.live();
    for (const stopAt of ['reading', 'building'] as const) {
      const controller = new AbortController();
      const onProgress = ({ stage }: { stage: string }) => stage === stopAt && controller.abort();
      const load = api.models.load(diskFiles(BOOKWORM, ['config.json', 'onnx/model.onnx']), { signal: controller.signal, onProgress });
      expect((await refusal(load)).name).toBe('AbortError');
      expect(api.models.current()).toBe(before);
      // The next load waits for the end of the stopped one.
      await refusal(api.models.load([]));
      expect(await node.api.live()).toEqual(rest);
      await expectLogits('');
    }
  });
});

describe('calls that are wrong', () => {
  beforeAll(async () => {
    await api.models.load(files('config.json', 'model.safetensors'));
  });

  const bad = (value: unknown) => value as never;
  const resid = (n: number) => ({ data: new Float32Array(n * 32), shape: [n, 32] });
  const cases: [string, () => Promise<unknown>, RegExp][] = [
    ['text without a tokenizer', () => api.run({ text: 'the' }), /came without tokenizer\.json, so it takes token ids/],
    ['tokenize without a tokenizer', () => api.tokenize('the'), /came without tokenizer\.json/],
    ['no input', () => api.run(bad(undefined)), /must be \{ text \}, \{ ids \} or \{ batch \}/],
    ['two inputs', () => api.run(bad({ ids: [1], batch: [[1]] })), /exactly one of `text`, `ids` and `batch`/],
    ['no kind of input', () => api.run(bad({})), /exactly one of/],
    ['no tokens', () => api.run({ ids: [] }), /has no tokens; the model needs at least one/],
    ['an empty batch', () => api.run({ batch: [] }), /batch has no rows/],
    ['an empty row', () => api.run({ batch: [[1], []] }), /Row 1 of the batch has no tokens/],
    ['rows that are none', () => api.run({ batch: bad([1, 2]) }), /batch\[0\].*must be a list of token ids/],
    ['ids that are none', () => api.run({ ids: bad('12') }), /`ids` must be a list of token ids/],
    ['too many tokens', () => api.run({ ids: new Array<number>(129).fill(1) }), /has 129 tokens, 1 more than the 128/],
    ['too many with <|endoftext|>', () => api.run({ ids: new Array<number>(128).fill(1), prepend_bos: true }), /129 tokens/],
    ['an id too high', () => api.run({ ids: [1, 300] }), /token id 300; ids of this model are whole numbers from 0 to 299/],
    ['a broken id', () => api.run({ ids: [1.5] }), /token id 1\.5/],
    ['a negative id', () => api.run({ batch: [[1], [-1]] }), /Row 1 of the batch holds the token id -1/],
    ['an id that is undefined', () => api.run({ ids: bad([1, undefined]) }), /token id undefined/],
    ['an id that is null', () => api.run({ ids: bad([null]) }), /token id null/],
    [
      'reading an unknown hook',
      () => api.run({ ids }, { read: ['blocks.0.hook_resid_mid'] }),
      /no hook called "blocks\.0\.hook_resid_mid"/,
    ],
    ['reading a layer too high', () => api.run({ ids }, { read: ['blocks.3.hook_resid_pre'] }), /layers of this model are 0 to 2/],
    ['reading no list', () => api.run({ ids }, { read: bad('hook_embed') }), /`read` must be a list of hook names/],
    ['logits of some kind', () => api.run({ ids }, { logits: bad('first') }), /`logits` must be 'none', 'last', 'all' or a list/],
    ['logits out of range', () => api.run({ ids }, { logits: [0, 7] }), /position 7, but the text has 7 tokens/],
    ['logits of undefined', () => api.run({ ids }, { logits: bad([undefined]) }), /position undefined/],
    ['editing LayerNorm', () => edit({ hook: 'ln_final.hook_normalized', op: 'scale', factor: 2 }), /can be read but not edited/],
    [
      'an edit of no width',
      () => edit({ hook: 'hook_embed', op: 'add', vector: new Float32Array(31) }),
      /Edit 1 of 1: `vector` has 31 numbers/,
    ],
    ['rows of one text', () => edit({ hook: 'hook_embed', op: 'scale', factor: 1, rows: [1] }), /`rows` is for a batch/],
    [
      'a start at no layer',
      () => api.run({ ids }, { from: { layer: 3, resid: resid(7) } }),
      /`from\.layer` is 3, but the layers of this model are 0 to 2/,
    ],
    [
      'a start of another length',
      () => api.run({ ids }, { from: { layer: 1, resid: resid(6) } }),
      /shape \[6, 32\], but this input needs \[7, 32\]/,
    ],
    ['a start without numbers', () => api.run({ ids }, { from: bad({ layer: 1 }) }), /`from\.resid` must be \{ data/],
    [
      'an edit below the start',
      () =>
        api.run({ ids }, { from: { layer: 1, resid: resid(7) }, edits: [{ hook: 'blocks.0.hook_resid_post', op: 'scale', factor: 2 }] }),
      /starts at layer 1, so the edit at blocks\.0\.hook_resid_post, below it, could have no effect/,
    ],
    [
      'reading below the start',
      () => api.run({ ids }, { from: { layer: 1, resid: resid(7) }, read: ['hook_embed'] }),
      /starts at layer 1, so hook_embed, below it, cannot be read/,
    ],
    [
      'an answer too large',
      () => api.run({ batch: new Array<number[]>(8000).fill(new Array<number>(128).fill(1)) }, { logits: 'all' }),
      /answer would take 1\.1 GiB; one call may return 1/,
    ],
    ['predicting a batch', () => api.predict({ batch: [[1]] }), /predict takes one text/],
    ['predicting no tokens', () => api.predict({ ids: [] }), /has no tokens/],
    ['a senseless k', () => api.predict({ ids }, { k: 0 }), /`k` must be a whole number from 1 to/],
    ['generating from a batch', () => api.generate({ batch: [[1]] }, { tokens: 1 }), /generate takes one text, not a batch/],
    [
      'generating too much',
      () => api.generate({ ids }, { tokens: 122 }),
      /7 tokens of text and 122 new ones are 129, but this model reads 128/,
    ],
    ['a negative number of tokens', () => api.generate({ ids }, { tokens: -1 }), /`tokens` must be a whole number/],
    ['no number of tokens', () => api.generate({ ids }, bad({})), /`tokens` must be a whole number/],
    ['a negative temperature', () => api.generate({ ids }, { tokens: 1, temperature: -1 }), /`temperature` must be 0/],
    ['a temperature that is none', () => api.generate({ ids }, { tokens: 1, temperature: NaN }), /`temperature` must be 0/],
    ['a broken top_k', () => api.generate({ ids }, { tokens: 1, top_k: 2.5 }), /`top_k` must be a whole number/],
    ['a broken seed', () => api.generate({ ids }, { tokens: 1, seed: 0.5 }), /`seed` must be a whole number/],
    [
      'editing a pattern that grows',
      () => api.generate({ ids }, { tokens: 1, edits: [{ hook: 'blocks.0.attn.hook_pattern', op: 'add', vector: new Float32Array(4) }] }),
      /in generation it can only be scaled/,
    ],
  ];

  function edit(e: object): Promise<unknown> {
    return api.run({ ids }, { edits: [bad(e)] });
  }

  test.each(cases)('%s is refused by a sentence, and the next call is answered', async (_, call, words) => {
    const other = api.run({ ids }, { logits: 'all' });
    const { name, code, message } = await refusal(call());
    expect(message).toMatch(words);
    expect([name, code]).toEqual(['UsageError', 'usage']);
    expect(maxDifference((await other).logits!.data, goldens.get('p1/logits')!.data)).toBeLessThanOrEqual(TOLERANCE);
  });

  test('ids work without a tokenizer: run, predict and generate', async () => {
    const { tokens, spans } = await api.predict({ ids });
    expect(tokens).toEqual(ids.map((id) => `[${id}]`));
    expect(spans).toEqual(ids.map(() => [0, 0]));
    const { ids: made, text } = await api.generate({ ids }, { tokens: 3 });
    expect(made.length).toBeGreaterThan(0);
    expect(text).toBe('');
  });

  test('a context of exactly the longest length is taken', async () => {
    const full = new Array<number>(128).fill(7);
    expect((await api.run({ ids: full }, { logits: 'last' })).lengths).toEqual([128]);
    expect((await api.generate({ ids: full.slice(1) }, { tokens: 1 })).ids).toHaveLength(1);
  });
});

describe('a vocabulary padded beyond the tokenizer', () => {
  const LAST_TOKEN = 296;
  let edits: Edit[];

  beforeAll(async () => {
    const tokenizer = readJson<{ added_tokens: { id: number }[] }>(join(FOLDER, 'tokenizer.json'));
    tokenizer.added_tokens = tokenizer.added_tokens.filter(({ id }) => id <= LAST_TOKEN);
    const json = text('tokenizer.json', JSON.stringify(tokenizer));
    await api.models.load([...files('config.json', 'model.safetensors', 'tokenizer_config.json'), json]);
    // Pushes the last residual towards row 298 of the unembedding, which has no token.
    const weights = await readAll(await openFixture('tiny-neox', 'model.safetensors'));
    const W_U = weights.get('unembed.W_U')!;
    const vector = Float32Array.from({ length: 32 }, (_, i) => 100 * W_U[i * 300 + 298]);
    edits = [{ hook: 'blocks.2.hook_resid_post', op: 'add', vector }];
  });

  test('its padded rows are in the logits but never in top lists, ranks or generated text', async () => {
    expect(api.models.current()).toMatchObject({ d_vocab: 300, n_tokens: LAST_TOKEN + 1 });
    const { logits } = await api.run({ ids }, { edits, logits: 'last' });
    expect(logits!.shape).toEqual([1, 300]);
    expect(logits!.data.indexOf(Math.max(...logits!.data))).toBe(298);
    const { topIds, topProbs, k } = await api.predict({ ids }, { edits, k: 200 });
    expect(Math.max(...topIds)).toBeLessThanOrEqual(LAST_TOKEN);
    // The padded row takes its share of the probability all the same, as in the model's own loss.
    const weights = logits!.data.map((x) => Math.exp(x));
    const sum = weights.reduce((a, b) => a + b);
    const last = (ids.length - 1) * k;
    expect(topProbs[last]).toBeCloseTo(weights[topIds[last]] / sum, 4);
    expect(weights[298] / sum).toBeGreaterThan(0.1);
    for (const sampling of [{}, { temperature: 1, seed: 1 }]) {
      const { ids: made } = await api.generate({ ids }, { edits, tokens: 10, ...sampling });
      expect(made.length).toBeGreaterThan(0);
      expect(Math.max(...made)).toBeLessThanOrEqual(LAST_TOKEN);
    }
  });
});
