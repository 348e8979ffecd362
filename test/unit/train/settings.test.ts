/** The settings of a run stand once: the form takes exactly what a run takes, and README says what they are. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import type { ModelConfig } from '../../../src/core/lm/config.ts';
import { ARCHITECTURES, ownFields, TRAINABLE } from '../../../src/core/train/architectures/index.ts';
import { checkConfig } from '../../../src/core/train/checkConfig.ts';
import type { DictionarySpec, TrainConfig } from '../../../src/core/train/config.ts';
import type { NumberRange, NumberSchema } from '../../../src/core/train/numbers.ts';
import { rangeOf } from '../../../src/core/train/numbers.ts';
import { dictionaryNumber, OWN_FIELDS, RUN_NUMBER_NAMES, runNumber } from '../../../src/core/train/settings.ts';
import { resolvePlan, type Known } from '../../../src/engine/training/plan.ts';
import { formOf } from '../../../src/state/train/formJson.ts';
import { NUMBER_FIELDS, setField } from '../../../src/state/train/trainingFields.ts';
import { readForm } from '../../../src/state/train/trainingForm.ts';
import { fakeModel } from '../../helpers/fakeApi.ts';

const model = fakeModel();
const HOOKS = ['blocks.3.hook_resid_post', 'blocks.0.mlp.hook_post', 'hook_embed'];
/** Enough that nothing but the settings decides: 2,000 contexts. */
const ids = Uint16Array.from({ length: 2000 * model.n_ctx }, (_, i) => 1 + ((i * i) % 997));
const known: Known = {
  model: { id: model.id, hash: 'h', config: { ...model, eos_token_id: 0 } as unknown as ModelConfig },
  corpus: { names: ['moby-dick'], ids, hash: 'c' },
};

function byForm(config: TrainConfig): TrainConfig | null {
  try {
    return readForm(formOf(config, model), model, ['moby-dick', 'sotu']).config;
  } catch {
    return null;
  }
}

/** Runs that go through the text ten thousand times are not laid out block by block here. */
const MOST_TOKENS = 1e6;

function byRun(config: TrainConfig): unknown {
  const { tokens } = config;
  try {
    if (tokens === undefined || !(tokens > MOST_TOKENS)) return resolvePlan(config, known);
    return { checked: checkConfig(config), plan: resolvePlan({ ...config, tokens: MOST_TOKENS }, known) };
  } catch {
    return null;
  }
}

/** Both take it and come to the same plan, or neither takes it. @returns whether they take it */
function agree(config: TrainConfig): boolean {
  const plan = byRun(config);
  const read = byForm(config);
  expect({ taken: read !== null, config }).toEqual({ taken: plan !== null, config });
  if (read) expect(byRun(read)).toEqual(plan);
  return read !== null;
}

/** At the ends of a range, just inside and just outside; of shares not so near 1 that nothing of the text is left. */
function edges({ least, most, whole, below }: NumberRange): number[] {
  const step = whole ? 1 : 1e-6;
  const inside = whole ? most - 1 : most * (1 - (below ? 1e-2 : 1e-9));
  const high = most === Infinity ? [1e30] : [most, whole ? most + 1 : most * (1 + 1e-9), inside];
  return [least, least - step, least + step, ...high, 0, -1, 0.5, 1];
}

const SPEC_SCHEMAS: Record<string, NumberSchema> = {
  ...Object.fromEntries((['ratio', 'd_sae', 'seed'] as const).map((name) => [name, dictionaryNumber(name).schema])),
  ...Object.fromEntries(
    ARCHITECTURES.flatMap(({ sparsity, options }) => [sparsity, ...options].map(({ field, schema }) => [field, schema])),
  ),
};
const hook = HOOKS[0];
/** An architecture that has the setting. */
const withField = (field: string) => ARCHITECTURES.find((a) => (ownFields(a) as string[]).includes(field))?.name;
const specOf = (field: string, value: unknown): DictionarySpec => {
  const architecture = withField(field);
  return { hook, ...(architecture && { architecture }), [field]: value };
};

describe('the form takes what a run takes', () => {
  it.each(RUN_NUMBER_NAMES)('at the limits of %s', (name) => {
    const taken = edges(runNumber(name).range).map((value) => {
      const config: TrainConfig = { dictionaries: { hook }, batch: 64, tokens: 6400 };
      setField(config, name, value);
      return agree(config);
    });
    expect(new Set(taken)).toEqual(new Set([true, false]));
  });

  it.each(Object.keys(SPEC_SCHEMAS))('at the limits of a dictionary’s %s', (field) => {
    const range = rangeOf(SPEC_SCHEMAS[field]);
    const taken = edges(range).map((value) => agree({ dictionaries: specOf(field, value), tokens: 6400, batch: 64 }));
    expect(new Set(taken)).toEqual(new Set([true, false]));
  });

  it.each<[string, unknown]>([
    ['a size beside a ratio that is none', { hook, d_sae: 64, ratio: -1 }],
    ['a ratio of no latent', { hook, ratio: 0.001 }],
    ['a ratio of too many latents at one of two places', { hook: HOOKS, ratio: 100 }],
    ['a list with a number twice', { hook, alpha: [0.1, 0.1] }],
    ['an empty list', { hook, alpha: [] }],
    ['a place twice', { hook: [hook, hook] }],
    ['a seed twice', { hook, seed: [3, 3] }],
    ['the same dictionary in two groups', [{ hook }, { hook }]],
    [
      'the same dictionary by two lists that overlap',
      [
        { hook, seed: [1, 2] },
        { hook, seed: [2, 3] },
      ],
    ],
    ['no place', { hook: [] }],
    ['a setting of another architecture', { hook, k: 4 }],
    ['the loss of dead latents where there is none', { hook, aux_alpha: 0.1 }],
    ['more k than latents', { hook, architecture: 'topk', d_sae: 8, k: [4, 9] }],
    ['the default k of fewer latents', { hook, architecture: 'topk', d_sae: 8 }],
    ['a misspelled setting', { hook, alhpa: 0.1 }],
    ['a number in quotes', { hook, alpha: '0.1' }],
    ['an architecture that cannot be trained', { hook, architecture: 'gated' }],
    ['nothing', null],
  ])('with %s', (_, spec) => void agree({ dictionaries: spec as DictionarySpec, tokens: 6400, batch: 64 }));

  it('with warm-up and decay around the length of the run', () => {
    // Blocks of 3 contexts make 13 batches of 9.6 in mean: steps are counted by the settings alone.
    for (const warmup of [3, 4, 5])
      for (const decay of [4, 5, 6]) {
        const config = { dictionaries: { hook }, tokens: 9 * 96, batch: 96, buffer_mib: 0.75, schedule: { warmup, decay } };
        expect(agree(config)).toBe(warmup + decay <= 9);
      }
  });

  it('for 1,500 random settings at and around the limits', () => {
    const random = createRandom(11);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
    const near = (schema: NumberSchema): number => {
      const range = rangeOf(schema);
      return random() < 0.25 ? pick(edges(range)) : range.least + (random() < 0.5 ? 1 : 3);
    };
    let taken = 0;
    for (let n = 0; n < 1500; n++) {
      const architecture = pick(TRAINABLE);
      const fields = random() < 0.9 ? ownFields(ARCHITECTURES.find(({ name }) => name === architecture)!) : OWN_FIELDS;
      const spec: Record<string, unknown> = { hook: random() < 0.3 ? HOOKS.slice(0, 2) : pick(HOOKS), architecture };
      for (const field of [...fields, 'ratio', 'd_sae', 'seed']) {
        if (random() < 0.6) continue;
        const values = Array.from({ length: 1 + Math.floor(random() * 3) }, () => near(SPEC_SCHEMAS[field]));
        spec[field] = values.length === 1 ? values[0] : values;
      }
      const config: TrainConfig = { dictionaries: spec as DictionarySpec, tokens: pick([640, 6400, 63]), batch: pick([64, 100, 640]) };
      for (const name of RUN_NUMBER_NAMES) {
        if (name !== 'tokens' && name !== 'batch' && random() < 0.12) setField(config, name, near(runNumber(name).schema));
      }
      if (agree(config)) taken++;
    }
    expect(taken).toBeGreaterThan(150);
    expect(taken).toBeLessThan(1350);
  });
});

it('every number of a run has its box', () => {
  expect(NUMBER_FIELDS.map(({ name }) => name).sort()).toEqual([...RUN_NUMBER_NAMES].sort());
});

const count = (n: number) => (Number.isInteger(n) && n < 1e12 ? n.toLocaleString('en') : String(n));

function rangeCell({ least, most, whole, above, below }: NumberRange): string {
  if (whole) return most === Number.MAX_SAFE_INTEGER ? `whole, ${least} or more` : `whole, ${count(least)} to ${count(most)}`;
  if (above) return most === Infinity ? `above ${least}` : `above ${least}, at most ${count(most)}`;
  return below ? `${least} to below ${most}` : `${count(least)} to ${count(most)}`;
}

const row = (name: string, range: NumberRange, fallback: number | undefined) => [
  `\`${name}\``,
  rangeCell(range),
  fallback === undefined ? 'depends on the run' : count(fallback),
];

it('README says what each number may be and its default', () => {
  const expected = [
    ...RUN_NUMBER_NAMES.map((name) => row(name, runNumber(name).range, runNumber(name).fallback)),
    ...(['ratio', 'd_sae', 'seed'] as const).map((name) => {
      const { range, fallback } = dictionaryNumber(name);
      return row(`dictionaries.${name}`, range, fallback);
    }),
    ...ARCHITECTURES.flatMap(({ name, sparsity, options }) =>
      [sparsity, ...options].map(({ field, schema, fallback }) => {
        const [called, ...cells] = row(`dictionaries.${field}`, rangeOf(schema), fallback);
        return [`${called} (${name})`, ...cells];
      }),
    ),
  ];
  const readme = readFileSync(join(import.meta.dirname, '../../../README.md'), 'utf8');
  const table = /<!-- settings -->\n([\s\S]*?)<!-- \/settings -->/.exec(readme)?.[1] ?? '';
  const cells = table
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, 4)
        .map((cell) => cell.trim()),
    );
  expect(cells).toEqual(expected);
});
