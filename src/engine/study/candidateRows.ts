/** Candidates made into rows: what each changes in a context, from which position on, and where the pass begins. */
import { throwIfStopped, UsageError } from '../../core/errors.ts';
import { checkEdits } from '../../core/lm/checkEdits.ts';
import type { CheckedEdit } from '../../core/lm/editContext.ts';
import { hookOrder, type Hook } from '../../core/lm/hooks.ts';
import { dictionariesOf, firstChange } from '../../core/lm/latentEdits.ts';
import type { Dictionary } from '../../core/sae/dictionary.ts';
import { nextTask } from '../model/runtime.ts';
import type { CandidatesJob } from './candidates.ts';
import type { CleanContext } from './cleanContext.ts';

/** Rows continue from a multiple of this, so that more of them have one shape. */
const PREFIX_STEP = 8;

/** Where a pass starts: before the edits of `first`, with the residual that enters block `layer`. */
export interface Start {
  first: Hook;
  layer: number;
  /** The hook before the block whose edits are made first; see ForwardJob.from. */
  visit?: string;
}

/** A candidate in a context. */
export interface CandidateRow {
  candidate: number;
  context: number;
  clean: CleanContext;
  /** Whether it changes anything; the rest is for rows that do. */
  isActive: boolean;
  edits: readonly CheckedEdit[];
  start: Start;
  /** Clean positions it continues from, and positions run. */
  past: number;
  pos: number;
  /** Bytes of latents its edits are made from. */
  codeBytes: number;
  /** Rows with the same key may run in one batch. */
  key: string;
}

/** What candidates need of a context besides what is read. */
export interface CandidateNeeds {
  starts: readonly Start[];
  /** By the hook they read. */
  dictionaries: ReadonlyMap<string, readonly Dictionary[]>;
}

/** Edits of a candidate in a text, checked; those that name no row of it left out. */
function editsOf({ model, contexts, candidates, dictionaries }: CandidatesJob, candidate: number, context: number): CheckedEdit[] {
  const given = candidates[candidate];
  const edits = typeof given === 'function' ? given(context) : given;
  const lengths = [contexts[context].length];
  try {
    const checked = checkEdits(edits, { config: model.config, lengths, isBatch: false, ...(dictionaries && { dictionaries }) });
    return [...checked.values()].flat().filter(({ rows }) => rows?.size !== 0);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`Candidate ${candidate} in context ${context}: ${error.message}`);
  }
}

/**
 * Looks at every candidate in every context once.
 * @throws UsageError naming the candidate and the context; AbortedError
 */
export async function checkCandidates(job: CandidatesJob): Promise<CandidateNeeds> {
  const starts = new Map<string, Start>();
  const dictionaries = new Map<string, Set<Dictionary>>();
  for (const context of job.contexts.keys()) {
    for (const candidate of job.candidates.keys()) {
      const edits = editsOf(job, candidate, context);
      if (edits.length > 0) starts.set(startOf(edits).first.name, startOf(edits));
      for (const edit of edits) {
        for (const dictionary of dictionariesOf([edit])) {
          dictionaries.set(edit.hook.name, (dictionaries.get(edit.hook.name) ?? new Set()).add(dictionary));
        }
      }
    }
    throwIfStopped(job.stop);
    await nextTask();
  }
  return { starts: [...starts.values()], dictionaries: new Map([...dictionaries].map(([hook, set]) => [hook, [...set]])) };
}

function startOf(edits: readonly CheckedEdit[]): Start {
  const [first] = edits.map((edit) => edit.hook).toSorted((a, b) => hookOrder(a) - hookOrder(b));
  if (first.site === 'hook_embed') return { first, layer: 0, visit: first.name };
  if (first.site === 'hook_resid_post') return { first, layer: first.layer + 1, visit: first.name };
  return { first, layer: first.layer };
}

/** The rows of a context, one for each candidate. */
export function compileRows(job: CandidatesJob, clean: CleanContext): CandidateRow[] {
  return Array.from(job.candidates.keys(), (candidate) => compileRow(job, clean, candidate));
}

/**
 * Before the first change of any edit nothing differs from the clean run: positions do not see later ones, and an edit that
 * finds clean values does there what it does in the clean text.
 */
function compileRow(job: CandidatesJob, clean: CleanContext, candidate: number): CandidateRow {
  const { length } = clean.ids;
  const edits = editsOf(job, candidate, clean.index);
  const from = Math.min(length, ...edits.map((edit) => firstChange(edit, length, clean.codes)));
  const isActive = from < length;
  const past = isActive && (job.sharePrefix ?? true) ? from - (from % PREFIX_STEP) : 0;
  const start = isActive ? startOf(edits) : NOWHERE;
  const codeBytes = dictionariesOf(edits).reduce((sum, dictionary) => sum + 8 * clean.codes.get(dictionary)!.latents.length, 0);
  const key = [start.first.name, length, past].join();
  const edited = edits.map((edit): CheckedEdit => ({ ...edit, rows: undefined, rowSlot: undefined }));
  return { candidate, context: clean.index, clean, isActive, edits: edited, start, past, pos: length - past, codeBytes, key };
}

const NOWHERE: Start = { first: { name: '', site: 'hook_embed', layer: -1, editable: false }, layer: 0 };
