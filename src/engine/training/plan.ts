/** From what a person asks to a plan with nothing left to decide. */
import { checkConfig } from '../../core/train/checkConfig.ts';
import type { RunPlan, TrainConfig } from '../../core/train/config.ts';
import { expandDictionaries, type HookWidth } from '../../core/train/expand.ts';
import type { RunSettings } from '../../core/train/settings.ts';
import { countChunks } from '../../core/train/stream.ts';
import { UsageError } from '../../core/errors.ts';
import type { ModelConfig } from '../../core/lm/config.ts';
import { vectorHook } from '../../core/lm/hooks.ts';
import { chooseBlock, chooseFirst, listBlocks, rowsOfAPass } from './blocks.ts';

/** What must be known before a run can be planned. */
export interface Known {
  model: { id: string; hash: string; config: ModelConfig };
  corpus: { names: string[]; ids: Uint16Array | Uint32Array; hash: string };
}

const MIB = 2 ** 20;
const DEFAULT_MEASUREMENTS = 10;
const LONGEST_NAME = 120;

/**
 * @param growing whether the first blocks are short; those of a run begun before there were such are not
 * @throws UsageError, a sentence naming the setting that is wrong
 */
export function resolvePlan(config: TrainConfig, { model, corpus }: Known, growing = true): RunPlan {
  const checked = checkConfig(config);
  const { run } = checked;
  const dictionaries = expandDictionaries(checked, (name) => widthOf(name, model.config));
  const hooks = [...new Map(dictionaries.map(({ hook, settings }) => [hook, settings.d_in]))].map(([name, d_in]) => ({ name, d_in }));
  const { n_ctx, eos_token_id } = model.config;
  // Without one, no token is one.
  const endOfText = eos_token_id ?? -1;
  const plan: RunPlan = {
    version: 1,
    name: '',
    model: { id: model.id, hash: model.hash, n_ctx, endOfText },
    corpus: { names: corpus.names, hash: corpus.hash, tokens: corpus.ids.length },
    dictionaries,
    hooks,
    batch: run.batch,
    tokens: run.tokens,
    steps: 0,
    seed: run.seed,
    heldOut: run.held_out,
    ...streamOf(run, hooks, corpus.ids, { n_ctx, endOfText }),
    keepFirst: run.keep_first,
    keepEndOfText: run.keep_end_of_text,
    adam: run.adam,
    schedule: run.schedule,
    clip: run.clip ?? null,
    resampleEvery: run.resample_every,
    deadAfter: run.dead_after,
    evaluateEvery: 0,
    evaluateTokens: run.evaluate_tokens,
    checkpointSeconds: run.checkpoint_seconds,
  };
  if (growing) plan.firstChunks = chooseFirst(n_ctx, plan.chunksPerBlock, run.batch);
  plan.steps = listBlocks(plan, corpus.ids).reduce((sum, { steps }) => sum + steps, 0);
  plan.name = nameOf(run.name, plan);
  plan.evaluateEvery = run.evaluate_every ?? Math.max(1, Math.ceil(plan.steps / DEFAULT_MEASUREMENTS));
  return plan;
}

/** How the text is cut and how often it is gone through. @throws UsageError when there is too little of it */
function streamOf(
  run: RunSettings,
  hooks: RunPlan['hooks'],
  ids: Known['corpus']['ids'],
  { n_ctx, endOfText }: { n_ctx: number; endOfText: number },
): Pick<RunPlan, 'chunksPerBlock' | 'passes'> {
  const chunks = countChunks(ids.length, n_ctx);
  if (chunks === 0) throw new UsageError(`The corpus has ${ids.length} tokens, less than one context of ${n_ctx}. Add text.`);
  const training = chunks - Math.round(chunks * run.held_out);
  const worth = Math.min(training, Math.ceil(run.tokens / n_ctx));
  const filter = { n_ctx, keepFirst: run.keep_first, keepEndOfText: run.keep_end_of_text, endOfText };
  const perPass = rowsOfAPass(ids, { ...filter, chunks, training });
  if (perPass === 0) throw new UsageError('No position of the corpus is left to train on. Keep first positions, or add text.');
  return { chunksPerBlock: chooseBlock(run.buffer_mib * MIB, n_ctx, hooks, worth, run.batch), passes: Math.ceil(run.tokens / perPass) };
}

function widthOf(name: string, model: ModelConfig): HookWidth {
  const { hook, width } = vectorHook(name, model);
  return { hook, d_in: width };
}

function nameOf(asked: string, { dictionaries, hooks }: RunPlan): string {
  const given = asked.trim();
  if (given) return given.slice(0, LONGEST_NAME);
  const { architecture, d_sae } = dictionaries[0].settings;
  const place = hooks.length === 1 ? hooks[0].name : `${hooks.length} hooks`;
  const count = dictionaries.length === 1 ? `${d_sae} features` : `${dictionaries.length} dictionaries`;
  return `${place}, ${architecture}, ${count}`;
}
