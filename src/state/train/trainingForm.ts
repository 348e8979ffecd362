/**
 * The form of a training run. Boxes hold text until it is read, so that half-typed numbers stay; an empty box means
 * the default. Read, it is a TrainConfig with only what was set, or sentences beside the fields that are wrong.
 */
import type { DictionarySpec, TrainConfig } from '../../api/training.ts';
import type { ModelInfo } from '../../api/model.ts';
import {
  architectureOf,
  TRAINABLE,
  type AnyArchitecture,
  type OptionField,
  type TrainableName,
  type WeightField,
} from '../../core/train/architectures/index.ts';
import { UsageError } from '../../core/errors.ts';
import { checkConfig, togetherProblem } from '../../core/train/checkConfig.ts';
import { expandDictionaries, isSize, sizeOfRatio } from '../../core/train/expand.ts';
import { MOST_DICTIONARIES, MOST_LATENTS } from '../../core/train/limits.ts';
import type { NumberSchema } from '../../core/train/numbers.ts';
import { DEFAULT_CORPUS, dictionaryNumber, OWN_FIELDS, runNumber } from '../../core/train/settings.ts';
import { defaultHook, findHook, hookWidth } from '../shared/hooks.ts';
import { complaint, listOf, oneOrAll, readList, readNumber } from './formNumbers.ts';
import { fieldOf, NUMBER_FIELDS, setField, type FieldName } from './trainingFields.ts';

/** Dictionaries that share all but what is crossed: places, sizes, sparsities, seeds. */
export interface DictionaryForm extends Readonly<Record<WeightField | OptionField, string>> {
  hooks: readonly string[];
  architecture: TrainableName;
  sizeUnit: 'ratio' | 'd_sae';
  size: string;
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

export const DEFAULT_RATIO = String(dictionaryNumber('ratio').fallback);

const EMPTY_OWN = Object.fromEntries(OWN_FIELDS.map((field) => [field, ''])) as Record<WeightField | OptionField, string>;

export function emptyDictionary(model: ModelInfo, architecture = TRAINABLE[0]): DictionaryForm {
  return { ...EMPTY_OWN, hooks: [defaultHook(model)], architecture, sizeUnit: 'ratio', size: '', seeds: '' };
}

/** What the chosen architecture is, as its file has it. */
export function architectureIn({ architecture }: Pick<DictionaryForm, 'architecture'>): AnyArchitecture {
  return architectureOf({ architecture });
}

export function emptyForm(model: ModelInfo): TrainingForm {
  return {
    name: '',
    dictionaries: [emptyDictionary(model)],
    corpus: [DEFAULT_CORPUS],
    numbers: {},
    keep_first: true,
    keep_end_of_text: true,
  };
}

export function readForm(form: TrainingForm, model: ModelInfo | null, corpora: readonly string[] | null): ReadForm {
  const problems: Record<string, string> = {};
  const groups = form.dictionaries.map((group, i) =>
    readGroup(group, model, (name, words) => (problems[`dictionaries.${i}.${name}`] = words)),
  );
  const count = groups.reduce((sum, group) => sum + group.count, 0);
  if (form.dictionaries.length === 0) problems.dictionaries = 'There is no dictionary to train.';
  if (count > MOST_DICTIONARIES)
    problems.dictionaries = `These are ${count} dictionaries at once; the most is ${MOST_DICTIONARIES}. Take fewer places, sizes, sparsities or seeds.`;
  const config: TrainConfig = { dictionaries: oneOrAll(groups.map((group) => group.spec)) };
  if (form.name.trim() !== '') config.name = form.name.trim();
  const wrong = corpusProblem(form.corpus, corpora);
  if (wrong !== '') problems.corpus = wrong;
  config.corpus = oneOrAll(form.corpus);
  readNumbers(form, config, problems);
  if (!form.keep_first) config.keep_first = false;
  if (!form.keep_end_of_text) config.keep_end_of_text = false;
  checkTogether(config, problems);
  if (model && Object.keys(problems).length === 0) checkTwice(config, model, problems);
  return { config: Object.keys(problems).length === 0 ? config : null, problems, count };
}

/** Groups may share a dictionary without sharing a line. */
function checkTwice(config: TrainConfig, model: ModelInfo, problems: Record<string, string>): void {
  try {
    expandDictionaries(checkConfig(config), (hook) => ({ hook, d_in: widthOf(model, hook)! }));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    problems.dictionaries = error.message;
  }
}

function corpusProblem(chosen: readonly string[], corpora: readonly string[] | null): string {
  if (chosen.length === 0) return 'Choose a text to train on.';
  if (new Set(chosen).size < chosen.length) return 'The same text stands here twice.';
  const missing = chosen.filter((name) => corpora && !corpora.includes(name));
  return missing.length === 0 ? '' : `There is no text named ${missing.join(', ')} here. Add it, or choose another.`;
}

function readNumbers(form: TrainingForm, config: TrainConfig, problems: Record<string, string>): void {
  for (const { name } of NUMBER_FIELDS) {
    const text = form.numbers[name]?.trim() ?? '';
    if (text === '') continue;
    const words = complaint(text, runNumber(name).schema);
    if (words === '') setField(config, name, readNumber(text));
    else problems[name] = words;
  }
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
  const valueOf = (name: FieldName) => (fieldOf(config, name) as number | undefined) ?? runNumber(name).fallback!;
  const schedule = { warmup: valueOf('schedule.warmup'), decay: valueOf('schedule.decay'), sparsityWarmup: 0 };
  const found = togetherProblem({ tokens: valueOf('tokens'), batch: valueOf('batch'), schedule });
  if (!found) return;
  const asked: FieldName[] = found.field === 'tokens' ? ['tokens', 'batch'] : ['schedule.warmup', 'schedule.decay'];
  if (asked.some((name) => problems[name])) return;
  problems[found.field] = found.field === 'tokens' ? `It ${found.words}.` : found.words;
}

type Complain = (name: string, words: string) => void;

function readGroup(group: DictionaryForm, model: ModelInfo | null, complain: Complain): { spec: DictionarySpec; count: number } {
  checkHooks(group, model, complain);
  const read = (name: string, text: string, schema: NumberSchema) => {
    const { values, problem } = readList(text, schema);
    if (problem !== '') complain(name, problem);
    return values;
  };
  const spec: DictionarySpec = { hook: oneOrAll(group.hooks) };
  const { name, sparsity, options } = architectureIn(group);
  if (name !== TRAINABLE[0]) spec.architecture = name;
  const sizes = read('size', group.size, dictionaryNumber(group.sizeUnit).schema);
  if (sizes.length > 0) spec[group.sizeUnit] = oneOrAll(sizes);
  checkSizes(group, model, complain);
  const sparsities = read(sparsity.field, group[sparsity.field], sparsity.schema);
  if (sparsities.length > 0) spec[sparsity.field] = oneOrAll(sparsities);
  if (sparsity.countsLatents) checkCount(group, model, sparsities, complain);
  for (const { field, schema } of options) {
    const values = read(field, group[field], schema);
    if (values.length > 1) complain(field, 'One number only.');
    if (values.length === 1) spec[field] = values[0];
  }
  const seeds = read('seeds', group.seeds, dictionaryNumber('seed').schema);
  if (seeds.length > 0) spec.seed = oneOrAll(seeds);
  const count = [sizes, sparsities, seeds].reduce((product, list) => product * Math.max(1, list.length), group.hooks.length);
  return { spec, count };
}

function checkHooks({ hooks }: DictionaryForm, model: ModelInfo | null, complain: Complain): void {
  const unknown = model ? hooks.filter((hook) => widthOf(model, hook) === null) : [];
  if (hooks.length === 0) complain('hooks', 'Choose at least one place.');
  else if (unknown.length > 0)
    complain('hooks', `${model!.id} has no ${unknown.join(', ')} that a dictionary can read. Choose another place.`);
  else if (new Set(hooks).size < hooks.length) complain('hooks', 'The same place stands here twice.');
}

/** What a ratio comes to at each place. */
function checkSizes(group: DictionaryForm, model: ModelInfo | null, complain: Complain): void {
  const wrong = group.sizeUnit === 'ratio' ? sizesOf(group, model).find(({ d_sae }) => !isSize(d_sae)) : undefined;
  if (wrong) complain('size', `It makes ${wrong.d_sae} features at ${wrong.hook}; there can be 1 to ${MOST_LATENTS}.`);
}

function checkCount(group: DictionaryForm, model: ModelInfo | null, counts: readonly number[], complain: Complain): void {
  const { field, fallback } = architectureIn(group).sparsity;
  const least = Math.min(...sizesOf(group, model).map(({ d_sae }) => d_sae));
  const most = Math.max(...(counts.length > 0 ? counts : [fallback]));
  if (Number.isFinite(least) && most > least)
    complain(field, `${field} cannot be more than the features there are (${least} in the smallest dictionary).`);
}

function widthOf(model: ModelInfo, hook: string): number | null {
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
      .map((size) => ({ hook, d_in, d_sae: group.sizeUnit === 'ratio' ? sizeOfRatio(size, d_in) : size }));
  });
}

/** The weights of sparsity of a group, as far as they can be read. */
export function sparsitiesOf(group: DictionaryForm): number[] {
  const { field, fallback } = architectureIn(group).sparsity;
  const parts = listOf(group[field]);
  return parts.length > 0 ? parts.map(readNumber).filter((value) => value >= 0) : [fallback];
}
