/** What can be asked of directions that are not trained, with its limits and defaults; one table for form, worker, command and docs. */
import { UsageError } from '../errors.ts';

export type BaselineKind = 'neurons' | 'pca' | 'ica' | 'random';

/** Other directions of a hook as a dictionary. */
export type BaselineOptions = {
  kind: BaselineKind;
  hook: string;
  /** pca, ica: each sign by the sum of its 20 values of largest size. */
  sign_fixed?: boolean;
  /** pca, ica: ± stacked, through a ReLU. */
  non_negative?: boolean;
  /** pca, ica: ± stacked, and the k largest of a token kept. */
  k?: number;
  /** pca, ica, random: how many; default the hook's width. */
  components?: number;
  corpus?: string;
  /** Tokens it is made on. */
  tokens?: number;
  seed?: number;
};

type Setting = Exclude<keyof BaselineOptions, 'kind' | 'hook'>;

/** How scores become features. */
export type BaselineForm = 'signed' | 'non_negative' | 'topk';

/** Nothing left to decide. */
export interface BaselineSettings {
  kind: BaselineKind;
  hook: string;
  form: BaselineForm;
  signFixed: boolean;
  k?: number;
  /** Absent: as many as there are. */
  components?: number;
  corpus: string;
  tokens: number;
  seed: number;
}

/** Wider hooks would make a dictionary of hundreds of MB. */
const MOST_WIDTH = 4096;
/** Likewise where a matrix of its width is decomposed, which takes a minute at this. */
const MOST_DECOMPOSED = 2048;
/** Fitting rows that are held, and their numbers; of more tokens every second, third … is (a PCA's mean and covariance count all). */
const MOST_ROWS = 32_768;
const MOST_NUMBERS = 2 ** 25;

/** Of how many rows one is held. */
export function keptEvery(rows: number, width: number): number {
  return Math.ceil(rows / Math.min(MOST_ROWS, Math.floor(MOST_NUMBERS / width)));
}

export const BASELINE_NUMBERS = {
  components: { least: 1, most: MOST_WIDTH },
  k: { least: 1, most: 2 * MOST_WIDTH },
  tokens: { least: 2, most: 4_000_000, usual: 32_768 },
  seed: { least: 0, most: Number.MAX_SAFE_INTEGER, usual: 0 },
} as const;

export const DEFAULT_CORPUS = 'moby-dick';

/** For a person, and which settings each takes. */
export const BASELINE_KINDS: Record<BaselineKind, { words: string; takes: readonly Setting[] }> = {
  neurons: { words: 'Neurons', takes: [] },
  random: { words: 'Random directions', takes: ['components', 'seed'] },
  pca: { words: 'PCA', takes: ['sign_fixed', 'non_negative', 'k', 'components', 'corpus', 'tokens', 'seed'] },
  ica: { words: 'ICA', takes: ['sign_fixed', 'non_negative', 'k', 'components', 'corpus', 'tokens', 'seed'] },
};

const SETTINGS: readonly Setting[] = ['sign_fixed', 'non_negative', 'k', 'components', 'corpus', 'tokens', 'seed'];

/**
 * Before a model is opened for it.
 * @throws UsageError, a sentence naming the option that is wrong
 */
export function checkBaseline(given: BaselineOptions): BaselineSettings {
  if (typeof given !== 'object' || given === null) throw new UsageError('Say which directions are wanted: { kind, hook }.');
  const { kind, hook } = given;
  if (!Object.hasOwn(BASELINE_KINDS, String(kind))) {
    const kinds = Object.keys(BASELINE_KINDS).join(', ');
    throw new UsageError(`There are no directions of the kind "${String(kind).slice(0, 40)}". There are: ${kinds}.`);
  }
  if (typeof hook !== 'string' || hook === '')
    throw new UsageError('`hook` must name a hook of the model, such as blocks.3.hook_resid_post.');
  refuseOthers(given);
  const k = wholeOf(given, 'k');
  const components = wholeOf(given, 'components');
  const nonNegative = flagOf(given, 'non_negative');
  const signFixed = flagOf(given, 'sign_fixed');
  if (k !== undefined && given.non_negative === false)
    throw new UsageError('`k` stacks both signs, so it cannot go with non_negative: false.');
  const { corpus = DEFAULT_CORPUS } = given;
  if (typeof corpus !== 'string' || corpus === '') throw new UsageError('`corpus` must be the name of a text.');
  return {
    kind,
    hook,
    form: k !== undefined ? 'topk' : nonNegative ? 'non_negative' : 'signed',
    signFixed,
    ...(k !== undefined && { k }),
    ...(components !== undefined && { components }),
    corpus,
    tokens: wholeOf(given, 'tokens') ?? BASELINE_NUMBERS.tokens.usual,
    seed: wholeOf(given, 'seed') ?? BASELINE_NUMBERS.seed.usual,
  };
}

/** Whether it is made from activations, so that text is needed. */
export function isFitted({ kind }: Pick<BaselineSettings, 'kind'>): boolean {
  return kind === 'pca' || kind === 'ica';
}

/**
 * What the hook's width and the text decide.
 * @param width numbers of a token at the hook
 * @param rows tokens there are to fit on; nothing is fitted for neurons and random
 * @returns how many components
 * @throws UsageError
 */
export function checkFit(settings: BaselineSettings, width: number, rows: number): number {
  const { kind, hook, components = width, k } = settings;
  const most = kind === 'neurons' ? MOST_WIDTH : MOST_DECOMPOSED;
  if (width > most) {
    const name = BASELINE_KINDS[kind].words;
    throw new UsageError(`${hook} has ${width} numbers for each token; ${name} can be made of at most ${most}.`);
  }
  if (kind === 'neurons' || kind === 'random') return components;
  if (components > width)
    throw new UsageError(`${hook} has ${width} numbers for each token, so there are no ${components} components of it.`);
  if (k !== undefined && k > 2 * components) {
    throw new UsageError(`\`k\` is ${k}, but ${components} components with both signs are only ${2 * components} features.`);
  }
  const needed = components + 1;
  if (rows < needed) {
    const name = BASELINE_KINDS[kind].words;
    throw new UsageError(
      `${name} with ${components} components needs at least ${needed} tokens; there are ${rows}. Give more \`tokens\` or a longer text.`,
    );
  }
  return components;
}

/** Settings that the kind does not take, or that nobody knows. */
function refuseOthers(given: BaselineOptions): void {
  const { takes } = BASELINE_KINDS[given.kind];
  for (const [name, value] of Object.entries(given)) {
    if (name === 'kind' || name === 'hook' || value === undefined) continue;
    if (!SETTINGS.includes(name as Setting))
      throw new UsageError(`There is no setting \`${name.slice(0, 40)}\`. There are: ${SETTINGS.join(', ')}.`);
    if (!takes.includes(name as Setting)) {
      const rest = takes.length > 0 ? `it takes ${takes.join(', ')}` : 'it takes none';
      throw new UsageError(`\`${name}\` is no setting of the kind ${given.kind}; ${rest}.`);
    }
  }
}

function wholeOf(given: BaselineOptions, name: keyof typeof BASELINE_NUMBERS): number | undefined {
  const value: unknown = given[name];
  const { least, most } = BASELINE_NUMBERS[name];
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(`\`${name}\` must be a whole number from ${least} to ${most}, not ${shown(value)}.`);
}

function flagOf(given: BaselineOptions, name: 'sign_fixed' | 'non_negative'): boolean {
  const value: unknown = given[name] ?? false;
  if (typeof value !== 'boolean') throw new UsageError(`\`${name}\` must be true or false.`);
  return value;
}

function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : JSON.stringify(value).slice(0, 40);
}
