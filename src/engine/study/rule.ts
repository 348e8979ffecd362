/** How well a person's rule tells where a latent fires: on each token of a corpus, what the rule says and what is so. */
import { throwIfStopped, UsageError } from '../../core/errors.ts';
import { AFTER, BEFORE } from '../../core/interp/featureIndex/sizes.ts';
import { RuleCounts, RuleMatcher, SEEN_CHARACTERS, wordSpans, type RulePlace } from '../../core/interp/rule.ts';
import type { Context, Rule, RuleFigures } from '../../core/interp/types.ts';
import { columnOf } from '../../core/sae/latents.ts';
import { misfit } from '../dictionary/encode.ts';
import { nextTask } from '../model/runtime.ts';
import type { Tokenizer } from '../model/tokenizer.ts';
import { eachWindow, type CodesJob } from './codes.ts';
import type { CorpusWindow } from './featureIndex.ts';
import { checkLatent } from './subject.ts';

/** Contexts shown of each kind of mistake. */
const SHOWN = 20;
/** Between two looks at the messages. */
const PAUSE_MS = 30;

interface RuleJob extends CodesJob {
  latent: number;
  rule: Rule;
  /** Where each of `windows` lies. */
  places: readonly CorpusWindow[];
  tokenizer: Pick<Tokenizer, 'token' | 'decode' | 'spansOf'>;
  /** A latent counts as firing above it; 0 or more. */
  threshold: number;
  seed: number;
  /** After each window whose tokens were matched, and before the first. */
  onMatched?: (tokens: number) => void;
}

/** @throws UsageError for a bad rule, or one that takes too long; AbortedError; EngineError */
export async function testRule(job: RuleJob): Promise<RuleFigures> {
  const { dictionary, latent, model, rule, threshold } = job;
  const matcher = new RuleMatcher(rule, () => performance.now());
  const bad = rule.tokens?.find((id) => id >= model.config.d_vocab);
  if (bad !== undefined) throw new UsageError(`The rule names the token ${bad}; ids of this model are 0 to ${model.config.d_vocab - 1}.`);
  if (!(Number.isFinite(threshold) && threshold >= 0)) throw new UsageError('`threshold` must be a number, 0 or more.');
  const problem = misfit(dictionary, model);
  if (problem) throw new UsageError(problem);
  checkLatent(dictionary, latent);
  const values: Float32Array[] = [];
  await eachWindow(job, (index, codes) => (values[index] = columnOf(codes, latent)));
  const counts = new RuleCounts();
  const wrong = { false_positives: new Mistakes(job), misses: new Mistakes(job) };
  job.onMatched?.(0);
  // Whoever watches hears of it before the first expression is tried.
  await nextTask();
  for (const [index, ids] of job.windows.entries()) {
    counts.begin();
    const pause = createPause(job);
    for (const [p, place] of seenBy(job.tokenizer, ids).entries()) {
      const isMatch = matcher.matches(place);
      const value = values[index][p];
      const fires = value > threshold;
      counts.add(isMatch, fires);
      if (isMatch !== fires) wrong[isMatch ? 'false_positives' : 'misses'].offer(value, index, p, values[index]);
      await pause();
    }
    job.onMatched?.(ids.length);
    await nextTask();
  }
  const shown = { false_positives: wrong.false_positives.contexts, misses: wrong.misses.contexts };
  return { ...counts.finish(job.seed), ...shown };
}

/** Lets messages in from time to time. @throws AbortedError */
function createPause({ stop }: RuleJob): () => Promise<void> | void {
  let last = performance.now();
  return () => {
    throwIfStopped(stop);
    if (performance.now() - last < PAUSE_MS) return;
    return nextTask().then(() => void (last = performance.now()));
  };
}

/** The tokens of a window as rules see them: nothing before its beginning, as for the model. */
function seenBy(tokenizer: RuleJob['tokenizer'], ids: readonly number[]): RulePlace[] {
  const { text, spans } = textOf(tokenizer, ids);
  const words = wordSpans(text);
  let w = 0;
  return ids.map((id, p) => {
    const [from, to] = spans[p];
    while (w < words.length && words[w][1] <= from) w++;
    const own = words[w] && words[w][0] < to ? words[w] : undefined;
    return {
      id,
      token: () => tokenizer.token(id),
      before: () => text.slice(Math.max(0, from - SEEN_CHARACTERS), from),
      word: () => (own ? text.slice(own[0], Math.min(own[1], own[0] + SEEN_CHARACTERS)) : ''),
    };
  });
}

/** What ids spell, and the characters of each; one token after the other where the tokenizer cannot tell. */
function textOf(tokenizer: RuleJob['tokenizer'], ids: readonly number[]): { text: string; spans: [number, number][] } {
  const spans = tokenizer.spansOf(ids);
  if (spans.some(([, to]) => to > 0)) return { text: tokenizer.decode(ids).normalize('NFC'), spans };
  let text = '';
  const one = (id: number): [number, number] => {
    const from = text.length;
    text += tokenizer.token(id);
    return [from, text.length];
  };
  const own = ids.map(one);
  return { text, spans: own };
}

/** The mistakes of highest value, with what is around them; of equal ones the earlier. */
class Mistakes {
  readonly contexts: Context[] = [];
  readonly #job: RuleJob;

  constructor(job: RuleJob) {
    this.#job = job;
  }

  /** @param values of the window. [pos] */
  offer(value: number, index: number, p: number, values: Float32Array): void {
    const { contexts } = this;
    let at = contexts.length;
    while (at > 0 && value > contexts[at - 1].value) at--;
    if (at === SHOWN) return;
    const { document, start } = this.#job.places[index];
    const from = Math.max(0, p - BEFORE);
    const end = p + 1 + AFTER;
    contexts.splice(at, 0, {
      document,
      position: start + p,
      ids: this.#job.windows[index].slice(from, end),
      at: p - from,
      values: [...values.subarray(from, end)],
      value,
    });
    if (contexts.length > SHOWN) contexts.pop();
  }
}
