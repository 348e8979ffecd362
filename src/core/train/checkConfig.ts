/** The settings of a run as they came, checked: every field, with a sentence that names what is wrong. */
import * as v from 'valibot';
import { UsageError } from '../errors.ts';
import { findArchitecture, ownFields, TRAINABLE, type AnyArchitecture } from './architectures/index.ts';
import { shown } from './numbers.ts';
import { OWN_FIELDS, RUN_SCHEMA, runNumber, specSchemaOf, type CheckedSpec, type RunSettings } from './settings.ts';

export interface CheckedConfig {
  /** Defaults filled in. */
  run: RunSettings;
  dictionaries: (CheckedSpec & { architecture: AnyArchitecture })[];
}

interface Problem {
  sentence: string;
  /** A value is of the right kind, but not one that may be set. */
  isRange: boolean;
}

/** Issues of numbers and lists that a form shows beside the box; all others make no form. */
const RANGE_ISSUES = new Set(['safe_integer', 'finite', 'min_value', 'gt_value', 'max_value', 'lt_value', 'check']);
/** Issues whose words are a sentence already. */
const SENTENCES = new Set(['custom', 'strict_object']);

/** @throws UsageError, a sentence naming the setting, its value and what it may be */
export function checkConfig(value: unknown): CheckedConfig {
  const { checked, problems } = inspect(value);
  if (problems.length > 0) throw new UsageError(problems[0].sentence);
  checkTogether(checked.run);
  return checked;
}

/** As `checkConfig`, but numbers may be out of range: a form shows those. @throws UsageError */
export function checkShape(value: unknown): void {
  const found = inspect(value).problems.find(({ isRange }) => !isRange);
  if (found) throw new UsageError(found.sentence);
}

/** @throws UsageError unless it is what `threads` may be */
export function checkThreads(threads: unknown): void {
  if (threads === undefined) return;
  const { issues } = v.safeParse(runNumber('threads').schema, threads, { abortPipeEarly: true });
  if (issues) throw new UsageError(`\`threads\` ${issues[0].message}`);
}

function inspect(value: unknown): { checked: CheckedConfig; problems: Problem[] } {
  const run = v.safeParse(RUN_SCHEMA, value, { abortPipeEarly: true });
  const problems = (run.issues ?? []).map(problemOf);
  const dictionaries: CheckedConfig['dictionaries'] = [];
  // Not from the checked ones: a sentence about a number should not hide one about a name.
  const given: unknown = (value as { dictionaries?: unknown } | null)?.dictionaries;
  for (const spec of given === undefined ? [] : Array.isArray(given) ? (given as unknown[]) : [given]) {
    try {
      dictionaries.push(checkSpec(spec, problems));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      problems.push({ sentence: error.message, isRange: false });
    }
  }
  return { checked: { run: run.output as RunSettings, dictionaries }, problems };
}

/** @throws UsageError when its architecture cannot be told */
function checkSpec(spec: unknown, problems: Problem[]): CheckedConfig['dictionaries'][number] {
  const { architecture: name = TRAINABLE[0], ...fields } = (typeof spec === 'object' && spec !== null ? spec : {}) as Record<
    string,
    unknown
  >;
  const architecture = findArchitecture(name);
  if (!architecture)
    throw new UsageError(`${shown(String(name))} is no architecture that can be trained here; there are ${TRAINABLE.join(', ')}.`);
  refuseForeign(architecture, fields);
  // A ratio beside a size says nothing.
  const counted = fields.d_sae === undefined ? spec : { ...(spec as object), ratio: undefined };
  const result = v.safeParse(specSchemaOf(architecture), counted, { abortPipeEarly: true });
  problems.push(...(result.issues ?? []).map(problemOf));
  const { hook, ratio, d_sae, seed, ...own } = (result.output ?? {}) as CheckedSpec & Record<string, unknown>;
  const options = Object.fromEntries(architecture.options.map(({ field }) => [field, own[field]])) as CheckedSpec['options'];
  return {
    architecture,
    hook,
    ratio,
    weights: own[architecture.sparsity.field] as number[],
    options,
    ...(d_sae && { d_sae }),
    ...(seed && { seed }),
  };
}

/** A setting of another architecture is not misspelled. @throws UsageError */
function refuseForeign(architecture: AnyArchitecture, fields: Record<string, unknown>): void {
  const own = ownFields(architecture);
  const foreign = OWN_FIELDS.find((field) => !own.includes(field) && fields[field] !== undefined);
  if (foreign === undefined) return;
  throw new UsageError(
    `\`${foreign}\` does not belong to the architecture "${architecture.name}", which takes ${own.map((field) => `\`${field}\``).join(' and ')}.`,
  );
}

function problemOf(issue: v.BaseIssue<unknown>): Problem {
  const isRange = RANGE_ISSUES.has(issue.type);
  if (SENTENCES.has(issue.type)) return { sentence: issue.message, isRange };
  const name = (issue.path ?? []).map(({ key }) => key).filter((key) => typeof key === 'string');
  return { sentence: `\`${name.join('.')}\` ${issue.message}`, isRange };
}

/** Settings that are wrong only beside one another. */
interface TogetherProblem {
  field: 'tokens' | 'schedule.warmup' | 'schedule.decay';
  words: string;
}

/** @returns undefined when batch, tokens and schedule fit together */
export function togetherProblem({
  tokens,
  batch,
  schedule: { warmup, decay },
}: Pick<RunSettings, 'tokens' | 'batch' | 'schedule'>): TogetherProblem | undefined {
  if (tokens < batch) return { field: 'tokens', words: `must be at least one batch (${batch})` };
  const steps = Math.ceil(tokens / batch);
  if (warmup + decay <= steps) return undefined;
  const words = `The run has ${steps} steps, fewer than warm-up (${warmup}) and decay (${decay}) together.`;
  return { field: decay > 0 ? 'schedule.decay' : 'schedule.warmup', words };
}

function checkTogether(run: RunSettings): void {
  const problem = togetherProblem(run);
  if (!problem) return;
  if (problem.field === 'tokens') throw new UsageError(`\`tokens\` ${problem.words}; it is ${run.tokens}.`);
  throw new UsageError(`${problem.words} Shorten one of them.`);
}
