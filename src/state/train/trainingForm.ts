/**
 * The form of a training run. Boxes hold text until it is read, so that half-typed numbers stay; an empty box means
 * the default. Read, it is a TrainConfig with only what was set, or sentences beside the fields that are wrong.
 */
import type { DictionarySpec, TrainConfig } from '../../api/training.ts';
import type { ModelInfo } from '../../api/model.ts';
import { defaultHook, findHook, hookWidth } from '../shared/hooks.ts';
import { fieldOf, NUMBER_FIELDS, setField, type FieldName } from './trainingFields.ts';

export type TrainableName = NonNullable<DictionarySpec['architecture']>;

/** Dictionaries that share all but what is crossed: places, sizes, sparsities, seeds. */
export interface DictionaryForm {
  hooks: readonly string[];
  architecture: TrainableName;
  sizeUnit: 'ratio' | 'd_sae';
  size: string;
  alpha: string;
  l1_coefficient: string;
  k: string;
  aux_alpha: string;
  seeds: string;
}

export interface TrainingForm {
  name: string;
  dictionaries: readonly DictionaryForm[];
  corpus: readonly string[];
  numbers: Partial<Record<FieldName, string>>;
  keep_first: boolean;
  keep_end_of_text: boolean;
}

/** What is wrong, by field: 'tokens', 'adam.lr', 'corpus', 'dictionaries.0.size'. */
export type Problems = Readonly<Record<string, string>>;

export interface ReadForm {
  /** null while something is wrong. */
  config: TrainConfig | null;
  problems: Problems;
  /** Dictionaries trained together. */
  count: number;
}

/** The weight of sparsity each architecture has, and what an empty box means. */
export const SPARSITY = {
  tied: { field: 'alpha', standard: '0.004' },
  standard: { field: 'l1_coefficient', standard: '1' },
  topk: { field: 'k', standard: '32' },
} as const satisfies Record<TrainableName, { field: keyof DictionaryForm; standard: string }>;

export const DEFAULT_RATIO = '4';
const DEFAULT_TOKENS = 1_000_000;
const DEFAULT_BATCH = 1024;
/** More are a mistake: a run holds all of them at once. */
const MAX_DICTIONARIES = 64;
const MAX_D_SAE = 1_048_576;
const MAX_SEED = Number.MAX_SAFE_INTEGER;

export function emptyDictionary(model: ModelInfo): DictionaryForm {
  return {
    hooks: [defaultHook(model)],
    architecture: 'tied',
    sizeUnit: 'ratio',
    size: '',
    alpha: '',
    l1_coefficient: '',
    k: '',
    aux_alpha: '',
    seeds: '',
  };
}

export function emptyForm(model: ModelInfo): TrainingForm {
  return { name: '', dictionaries: [emptyDictionary(model)], corpus: ['moby-dick'], numbers: {}, keep_first: true, keep_end_of_text: true };
}

/** A number as people write it: 1000000, 1e6, 1 000 000 or 1_000_000. */
export function readNumber(text: string): number {
  const bare = text.trim().replace(/(?<=\d)[\s_\u202F](?=\d{3})/g, '');
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(bare) ? Number(bare) : NaN;
}

interface Range {
  least: number;
  most: number;
  whole?: boolean;
}

/** What is wrong with a number; '' when nothing is. */
function complaint(text: string, { least, most, whole = false }: Range): string {
  const value = readNumber(text);
  if (Number.isNaN(value)) return `“${text.trim()}” is not a number.`;
  if (whole && !Number.isInteger(value)) return `It must be a whole number; ${text.trim()} is not.`;
  if (value < least) return least === 0 ? 'It cannot be below 0.' : `It must be ${String(least)} or more.`;
  if (value > most) return most < 1 ? 'It must be below 1.' : `It must be at most ${String(most)}.`;
  return '';
}

function listOf(text: string): string[] {
  return text.split(/[\s,;]+/).filter((part) => part !== '');
}

/** Reads a list of numbers; `problem` is '' when all are good. An empty list is no problem. */
function readList(text: string, range: Range): { values: number[]; problem: string } {
  const parts = listOf(text);
  const problem = parts.map((part) => complaint(part, range)).find((words) => words !== '') ?? '';
  const values = parts.map(readNumber);
  if (problem === '' && new Set(values).size < values.length) return { values, problem: 'The same number stands here twice.' };
  return { values, problem };
}

const oneOrAll = <T>(values: readonly T[]): T | T[] => (values.length === 1 ? values[0] : [...values]);

export function readForm(form: TrainingForm, model: ModelInfo | null, corpora: readonly string[] | null): ReadForm {
  const problems: Record<string, string> = {};
  const groups = form.dictionaries.map((group, i) =>
    readGroup(group, model, (name, words) => (problems[`dictionaries.${i}.${name}`] = words)),
  );
  const count = groups.reduce((sum, group) => sum + group.count, 0);
  if (form.dictionaries.length === 0) problems.dictionaries = 'There is no dictionary to train.';
  if (count > MAX_DICTIONARIES)
    problems.dictionaries = `These are ${count} dictionaries at once; the most is ${MAX_DICTIONARIES}. Take fewer places, sizes, sparsities or seeds.`;
  const config: TrainConfig = { dictionaries: oneOrAll(groups.map((group) => group.spec)) };
  if (form.name.trim() !== '') config.name = form.name.trim();
  const missing = corpora && form.corpus.filter((name) => !corpora.includes(name));
  if (form.corpus.length === 0) problems.corpus = 'Choose a text to train on.';
  else if (missing && missing.length > 0) problems.corpus = `There is no text named ${missing.join(', ')} here. Add it, or choose another.`;
  config.corpus = oneOrAll(form.corpus);
  for (const range of NUMBER_FIELDS) {
    const text = form.numbers[range.name]?.trim() ?? '';
    if (text === '') continue;
    const words = complaint(text, range);
    if (words === '') setField(config, range.name, readNumber(text));
    else problems[range.name] = words;
  }
  if (!form.keep_first) config.keep_first = false;
  if (!form.keep_end_of_text) config.keep_end_of_text = false;
  checkTogether(config, problems);
  return { config: Object.keys(problems).length === 0 ? config : null, problems, count };
}

/** The form as it stands among what is there; null while something is wrong. */
export function configNow(facts: { form: TrainingForm | null; corpora: CorpusList }, model: ModelInfo | null): TrainConfig | null {
  return facts.form && model ? readForm(facts.form, model, corpusNames(facts.corpora)).config : null;
}

/** null before they are known. */
export function corpusNames(corpora: CorpusList): string[] | null {
  return corpora.status === 'done' ? corpora.list.map(({ name }) => name) : null;
}

type CorpusList = { status: 'done'; list: readonly { name: string }[] } | { status: 'loading' | 'failed' };

/** What no field can be blamed for alone. */
function checkTogether(config: TrainConfig, problems: Record<string, string>): void {
  const { tokens = DEFAULT_TOKENS, batch = DEFAULT_BATCH, schedule } = config;
  const steps = Math.ceil(tokens / batch);
  if (tokens < batch && !problems.batch && !problems.tokens) problems.tokens = `It must be at least one batch (${batch}).`;
  const { warmup = 0, decay = 0 } = schedule ?? {};
  if (warmup + decay > steps && !problems['schedule.warmup'] && !problems['schedule.decay']) {
    problems[decay > 0 ? 'schedule.decay' : 'schedule.warmup'] =
      `The run has ${steps} steps, fewer than warm-up (${warmup}) and decay (${decay}) together.`;
  }
}

type Complain = (name: string, words: string) => void;

function readGroup(group: DictionaryForm, model: ModelInfo | null, complain: Complain): { spec: DictionarySpec; count: number } {
  const { architecture } = group;
  const unknown = model ? group.hooks.filter((hook) => widthOf(model, hook) === null) : [];
  if (group.hooks.length === 0) complain('hooks', 'Choose at least one place.');
  else if (unknown.length > 0)
    complain('hooks', `${model!.id} has no ${unknown.join(', ')} that a dictionary can read. Choose another place.`);
  const read = (name: string, text: string, range: Range) => {
    const { values, problem } = readList(text, range);
    if (problem !== '') complain(name, problem);
    return values;
  };
  const spec: DictionarySpec = { hook: oneOrAll(group.hooks) };
  if (architecture !== 'tied') spec.architecture = architecture;
  const inRatio = group.sizeUnit === 'ratio';
  const sizes = read('size', group.size, inRatio ? { least: 1 / 64, most: 1024 } : { least: 1, most: MAX_D_SAE, whole: true });
  if (sizes.length > 0) spec[group.sizeUnit] = oneOrAll(sizes);
  const { field } = SPARSITY[architecture];
  const sparsities = read(field, group[field], field === 'k' ? { least: 1, most: MAX_D_SAE, whole: true } : { least: 0, most: 1e6 });
  if (sparsities.length > 0) spec[field] = oneOrAll(sparsities);
  if (architecture === 'topk') {
    const aux = read('aux_alpha', group.aux_alpha, { least: 0, most: 1e3 });
    if (aux.length > 1) complain('aux_alpha', 'One number only.');
    if (aux.length === 1) spec.aux_alpha = aux[0];
    checkK(group, model, sparsities, complain);
  }
  const seeds = read('seeds', group.seeds, { least: 0, most: MAX_SEED, whole: true });
  if (seeds.length > 0) spec.seed = oneOrAll(seeds);
  const count = [sizes, sparsities, seeds].reduce((product, list) => product * Math.max(1, list.length), group.hooks.length);
  return { spec, count };
}

function checkK(group: DictionaryForm, model: ModelInfo | null, ks: readonly number[], complain: Complain): void {
  const sizes = sizesOf(group, model).map(({ d_sae }) => d_sae);
  const least = Math.min(...sizes);
  const most = Math.max(...(ks.length > 0 ? ks : [Number(SPARSITY.topk.standard)]));
  if (Number.isFinite(least) && most > least)
    complain('k', `k cannot be more than the features there are (${least} in the smallest dictionary).`);
}

export function widthOf(model: ModelInfo, hook: string): number | null {
  const info = findHook(model, hook);
  return info ? hookWidth(info) : null;
}

/** Input width and features of each place and size of a group, as far as they can be read. */
export function sizesOf(group: DictionaryForm, model: ModelInfo | null): { hook: string; d_in: number; d_sae: number }[] {
  if (!model) return [];
  const sizes = listOf(group.size === '' ? (group.sizeUnit === 'ratio' ? DEFAULT_RATIO : '') : group.size).map(readNumber);
  return group.hooks.flatMap((hook) => {
    const d_in = widthOf(model, hook);
    if (d_in === null) return [];
    return sizes
      .filter((size) => size > 0)
      .map((size) => ({ hook, d_in, d_sae: group.sizeUnit === 'ratio' ? Math.max(1, Math.round(size * d_in)) : size }));
  });
}

/** The weights of sparsity of a group, as far as they can be read. */
export function sparsitiesOf(group: DictionaryForm): number[] {
  const { field, standard } = SPARSITY[group.architecture];
  const parts = listOf(group[field]);
  return (parts.length > 0 ? parts : [standard]).map(readNumber).filter((value) => value >= 0);
}

/** Text of pasted settings as a form. @throws Error with a sentence */
export function formOfJson(text: string, model: ModelInfo): TrainingForm {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('This is not JSON. Paste the whole file, from { to }.');
  }
  return formOf(value, model);
}

const OTHER_FIELDS = ['dictionaries', 'name', 'corpus', 'keep_first', 'keep_end_of_text', 'adam', 'schedule'];
const GROUP_FIELDS = ['hook', 'architecture', 'ratio', 'd_sae', 'alpha', 'l1_coefficient', 'k', 'aux_alpha', 'seed'];

/** @throws Error with a sentence when it is not the settings of a run */
export function formOf(value: unknown, model: ModelInfo): TrainingForm {
  if (!isRecord(value) || !('dictionaries' in value)) throw new Error('These are not the settings of a run: there are no "dictionaries".');
  const { adam = {}, schedule = {} } = value;
  if (!isRecord(adam) || !isRecord(schedule)) throw new Error('"adam" and "schedule" must each be an object.');
  const known = [...OTHER_FIELDS, ...NUMBER_FIELDS.map(({ name }) => name as string)];
  const given = [
    ...Object.keys(value),
    ...Object.keys(adam).map((name) => `adam.${name}`),
    ...Object.keys(schedule).map((name) => `schedule.${name}`),
  ];
  refuseUnknown(given, known);
  const form = emptyForm(model);
  const numbers: TrainingForm['numbers'] = {};
  for (const { name } of NUMBER_FIELDS) {
    const number = fieldOf(value, name);
    if (number !== undefined) numbers[name] = numberText(name, number);
  }
  const dictionaries = (Array.isArray(value.dictionaries) ? value.dictionaries : [value.dictionaries]).map((spec: unknown) =>
    groupOf(spec, model),
  );
  return {
    name: textOf('name', value.name ?? ''),
    dictionaries,
    corpus: value.corpus === undefined ? form.corpus : textsOf('corpus', value.corpus),
    numbers,
    keep_first: flagOf('keep_first', value.keep_first),
    keep_end_of_text: flagOf('keep_end_of_text', value.keep_end_of_text),
  };
}

function groupOf(value: unknown, model: ModelInfo): DictionaryForm {
  if (!isRecord(value)) throw new Error('Each of "dictionaries" must be an object.');
  refuseUnknown(Object.keys(value), GROUP_FIELDS);
  const { architecture = 'tied' } = value;
  if (architecture !== 'tied' && architecture !== 'standard' && architecture !== 'topk')
    throw new Error(`The architecture can be "tied", "standard" or "topk"; ${JSON.stringify(architecture)} is none of them.`);
  const numbers = (name: string) =>
    value[name] === undefined
      ? ''
      : [value[name]]
          .flat()
          .map((x) => numberText(name, x))
          .join(', ');
  return {
    ...emptyDictionary(model),
    hooks: textsOf('hook', value.hook),
    architecture,
    sizeUnit: value.d_sae === undefined ? 'ratio' : 'd_sae',
    size: value.d_sae === undefined ? numbers('ratio') : numbers('d_sae'),
    alpha: numbers('alpha'),
    l1_coefficient: numbers('l1_coefficient'),
    k: numbers('k'),
    aux_alpha: numbers('aux_alpha'),
    seeds: numbers('seed'),
  };
}

function refuseUnknown(given: readonly string[], known: readonly string[]): void {
  const strange = given.filter((name) => !known.includes(name));
  if (strange.length > 0) throw new Error(`There is no setting named ${strange.join(', ')}.`);
}

function numberText(name: string, value: unknown): string {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new Error(`"${name}" must be a number.`);
  return String(value);
}

function textOf(name: string, value: unknown): string {
  if (typeof value !== 'string') throw new Error(`"${name}" must be text in quotes.`);
  return value;
}

function textsOf(name: string, value: unknown): string[] {
  return [value].flat().map((text) => textOf(name, text));
}

function flagOf(name: string, value: unknown): boolean {
  if (value !== undefined && typeof value !== 'boolean') throw new Error(`"${name}" must be true or false.`);
  return value ?? true;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export interface Preset {
  name: string;
  words: string;
  form: (model: ModelInfo) => TrainingForm;
}

/** Starting points; each replaces the form. */
export const PRESETS: readonly Preset[] = [
  {
    name: 'A quick look',
    words: 'A small dictionary in the middle of the model, to see how it goes.',
    form: (model) => ({
      ...emptyForm(model),
      dictionaries: [{ ...emptyDictionary(model), size: '2' }],
      numbers: { tokens: '200000' },
    }),
  },
  {
    name: 'As the paper',
    words: 'Tied ReLU + L1, α 8.577e-4, twice as many features as numbers (R 2), Adam at 0.001, nothing else.',
    form: (model) => ({
      ...emptyForm(model),
      dictionaries: [{ ...emptyDictionary(model), size: '2', alpha: '0.0008577' }],
      corpus: ['moby-dick', 'sotu'],
      numbers: { tokens: '5000000' },
    }),
  },
  {
    name: 'A sweep of α',
    words: 'Five weights of sparsity on one stream, for the picture of sparsity against error.',
    form: (model) => ({
      ...emptyForm(model),
      dictionaries: [{ ...emptyDictionary(model), alpha: '0.0005, 0.001, 0.002, 0.004, 0.008' }],
      numbers: { tokens: '1000000' },
    }),
  },
];
