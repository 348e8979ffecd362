/**
 * The settings of a training run: what each may be and what it is when it is not given. Form, worker, command, recipes
 * and README read them here and nowhere else. Those that only one architecture has stand in its own file.
 */
import * as v from 'valibot';
import { PAPER_ADAM } from './adam.ts';
import { ARCHITECTURES, ownFields, TRAINABLE, type AnyArchitecture, type OptionField, type WeightField } from './architectures/index.ts';
import { MOST_LATENTS } from './limits.ts';
import { COUNT, numberIn, rangeOf, shown, type NumberRange, type NumberSchema } from './numbers.ts';
import { NO_SCHEDULE } from './schedule.ts';

const whole = true;
const SHARE = { least: 0, most: 1, below: true } as const;
const positive = (most = Infinity) => numberIn({ least: 0, most, above: true });

/** Numbers at the top of a run's settings; those without a default have one that depends on the run. */
const RUN_NUMBERS = {
  tokens: v.optional(numberIn({ least: 1, most: 2e9, whole }), 1_000_000),
  batch: v.optional(numberIn({ least: 1, most: 16_384, whole }), 1024),
  seed: v.optional(numberIn(COUNT), 0),
  held_out: v.optional(numberIn(SHARE), 0.05),
  buffer_mib: v.optional(positive(4096), 32),
  clip: v.optional(numberIn({ least: 0, most: 1e9 })),
  resample_every: v.optional(numberIn(COUNT), 0),
  dead_after: v.optional(numberIn({ ...COUNT, least: 1 }), 100_000),
  evaluate_every: v.optional(numberIn(COUNT)),
  evaluate_tokens: v.optional(numberIn({ least: 2, most: 1e6, whole }), 2048),
  checkpoint_seconds: v.optional(positive(86_400), 20),
  threads: v.optional(numberIn({ least: 1, most: 32, whole })),
};

const ADAM = {
  lr: v.optional(positive(), PAPER_ADAM.lr),
  beta1: v.optional(numberIn(SHARE), PAPER_ADAM.beta1),
  beta2: v.optional(numberIn(SHARE), PAPER_ADAM.beta2),
  eps: v.optional(positive(1), PAPER_ADAM.eps),
};

const SCHEDULE = {
  warmup: v.optional(numberIn(COUNT), NO_SCHEDULE.warmup),
  decay: v.optional(numberIn(COUNT), NO_SCHEDULE.decay),
  sparsityWarmup: v.optional(numberIn(COUNT), NO_SCHEDULE.sparsityWarmup),
};

/** Numbers that every dictionary has, and lists of which are crossed. */
const DICTIONARY_NUMBERS = {
  ratio: v.optional(positive(MOST_LATENTS), 4),
  d_sae: v.optional(numberIn({ least: 1, most: MOST_LATENTS, whole })),
  seed: v.optional(numberIn(COUNT)),
};

type Paths<Prefix extends string, Fields> = `${Prefix}${keyof Fields & string}`;
/** Path of a number in a run's settings: 'batch', 'adam.lr'. */
export type RunNumber = keyof typeof RUN_NUMBERS | Paths<'adam.', typeof ADAM> | Paths<'schedule.', typeof SCHEDULE>;

type Setting = v.OptionalSchema<NumberSchema, number | undefined>;

const prefixed = (prefix: string, fields: Readonly<Record<string, unknown>>) =>
  Object.entries(fields).map(([name, schema]): [string, unknown] => [`${prefix}${name}`, schema]);
const NUMBERS = Object.fromEntries([
  ...prefixed('', RUN_NUMBERS),
  ...prefixed('adam.', ADAM),
  ...prefixed('schedule.', SCHEDULE),
]) as Record<RunNumber, Setting>;

/** What one number may be, and its default. */
interface NumberSetting {
  schema: NumberSchema;
  range: NumberRange;
  /** undefined: it depends on the run. */
  fallback: number | undefined;
}

const settingOf = ({ wrapped, default: fallback }: Setting): NumberSetting => ({ schema: wrapped, range: rangeOf(wrapped), fallback });

export const RUN_NUMBER_NAMES = Object.keys(NUMBERS) as RunNumber[];

export function runNumber(name: RunNumber): NumberSetting {
  return settingOf(NUMBERS[name]);
}

export function dictionaryNumber(name: keyof typeof DICTIONARY_NUMBERS): NumberSetting {
  return settingOf(DICTIONARY_NUMBERS[name]);
}

/** The texts trained on when none is named. */
export const DEFAULT_CORPUS = 'moby-dick';

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object of these settings and no others; its issues are whole sentences. */
function settingsOf<E extends v.ObjectEntries>(what: string, entries: E) {
  const names = Object.keys(entries).join(', ');
  return v.pipe(
    v.custom<Record<string, unknown>>(isRecord, `${what} is described by an object.`),
    v.strictObject(entries, ({ expected, input, path }) => {
      const name = String(path?.at(-1)?.key ?? input).slice(0, 60);
      return expected === 'never'
        ? `${what} has no setting called "${name}". There are: ${names}.`
        : `${what} needs the setting "${name}".`;
    }),
  );
}

const text = v.string(({ input }) => `must be text; it is ${shown(input)}.`);
const flag = v.optional(
  v.boolean(({ input }) => `must be true or false; it is ${shown(input)}.`),
  true,
);

/** One value or a list of them, none twice: the same dictionary would be trained twice. */
function listOf<S extends v.GenericSchema>(item: S, twice?: string) {
  return v.pipe(
    v.unknown(),
    v.transform((value): unknown[] => (Array.isArray(value) ? value : [value])),
    v.array(item),
    v.minLength(1, 'is an empty list; leave it out, or name at least one.'),
    v.check(
      (values) => new Set(values).size === values.length,
      ({ input }) => twice ?? `names ${shown(input.find((value, i) => input.indexOf(value) < i))} twice.`,
    ),
  );
}

/** Everything but the dictionaries, each of which has a schema of its own. */
export const RUN_SCHEMA = settingsOf('A training run', {
  dictionaries: v.unknown(),
  name: v.optional(text, ''),
  corpus: v.optional(listOf(text, 'names a text twice; more `tokens` go through it again.'), DEFAULT_CORPUS),
  ...RUN_NUMBERS,
  keep_first: flag,
  keep_end_of_text: flag,
  adam: v.optional(settingsOf('`adam`', ADAM), {}),
  schedule: v.optional(settingsOf('`schedule`', SCHEDULE), {}),
});

export type RunSettings = v.InferOutput<typeof RUN_SCHEMA>;

/** What a dictionary's settings cross, every part a list. */
export interface CheckedSpec {
  hook: string[];
  ratio: number[];
  d_sae?: number[];
  seed?: number[];
  weights: number[];
  options: Record<OptionField, number>;
}

const several = (item: v.GenericSchema<number>) => listOf(item) as unknown as v.GenericSchema<number[]>;

/** Of a dictionary's settings, by architecture: those of all, its weight of sparsity, its own others. */
const SPEC_SCHEMAS = new Map(ARCHITECTURES.map((architecture) => [architecture.name, specSchema(architecture)]));

function specSchema({ sparsity, options }: AnyArchitecture) {
  const { ratio, d_sae, seed } = DICTIONARY_NUMBERS;
  return settingsOf('A dictionary', {
    hook: listOf(text),
    architecture: v.optional(v.picklist(TRAINABLE)),
    ratio: v.optional(several(ratio.wrapped), ratio.default as unknown as number[]),
    d_sae: v.optional(several(d_sae.wrapped)),
    seed: v.optional(several(seed.wrapped)),
    [sparsity.field]: v.optional(several(sparsity.schema), sparsity.fallback as unknown as number[]),
    ...Object.fromEntries(options.map(({ field, schema, fallback }) => [field, v.optional(schema, fallback)])),
  });
}

export function specSchemaOf({ name }: AnyArchitecture): ReturnType<typeof specSchema> {
  return SPEC_SCHEMAS.get(name)!;
}

/** Settings of a dictionary that only some architectures have. */
export const OWN_FIELDS: readonly (WeightField | OptionField)[] = ARCHITECTURES.flatMap(ownFields);
