/** Continues the text, plain and, when edits act, edited beside it with the same seed. */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import type { Edit, Input } from '../../api/model.ts';
import type { GenerationTask, Output } from './facts.ts';
import { sentenceOf } from '../shared/latest.ts';
import { controlEdits } from './controls.ts';
import { isOfLatent } from './latentChange.ts';
import { activeEdits, clampPosition, editContext } from './selectors.ts';
import type { ExploreState } from './state.ts';

/**
 * Which tokens the model reads before it goes on, and how many it may add: a text that leaves room is read whole; one
 * that does not, from `start` on, so that what is asked for (at most half the context) fits behind it.
 */
export function promptOf(length: number, wanted: number, n_ctx: number): { start: number; tokens: number } {
  if (length < n_ctx) return { start: 0, tokens: Math.min(wanted, n_ctx - length) };
  const tokens = Math.max(1, Math.min(wanted, Math.floor(n_ctx / 2)));
  return { start: length - (n_ctx - tokens), tokens };
}

export interface Generator {
  generate: () => Promise<void>;
  stop: () => void;
}

export function createGenerator(api: FeaturescopeApi, store: StoreApi<ExploreState>): Generator {
  let running: AbortController | null = null;

  const { setOutput, addOutput, finish } = createOutputs(store);

  const continueOnce = async (index: number, input: Input, tokens: number, edits: Edit[], signal: AbortSignal) => {
    const { temperature, topK, seed } = store.getState().settings;
    const { text } = await api.generate(input, {
      tokens,
      temperature,
      top_k: topK,
      seed,
      edits,
      signal,
      onToken: (id, soFar) => {
        if (!signal.aborted)
          setOutput(index, (o) => ({ ...o, text: soFar, tokens: [...o.tokens, { id, text: soFar.slice(o.text.length) }] }));
      },
    });
    if (!signal.aborted) setOutput(index, (o) => ({ ...o, text, finished: true }));
  };

  const stop = () => {
    running?.abort();
    running = null;
    finish('stopped');
  };
  // Half of one model and half of another would stand side by side.
  store.subscribe(({ model }, was) => {
    if (model !== was.model) stop();
  });

  return {
    async generate() {
      const state = store.getState();
      if (!state.model || state.generation.status === 'running') return;
      const mine = new AbortController();
      running = mine;
      const prompt = state.text;
      store.setState({ generation: { status: 'running', prompt, outputs: [newOutput('plain')] } });
      try {
        const { ids } = await api.tokenize(prompt);
        const { start, tokens } = promptOf(ids.length, state.settings.tokens, state.model.n_ctx);
        const input = start === 0 ? { text: prompt } : { ids: ids.slice(start) };
        const ways = await waysOf(api, store.getState(), ids, start, mine.signal);
        for (const [name] of ways.slice(1)) addOutput(newOutput(name));
        for (const [index, [, edits]] of ways.entries()) {
          if (!mine.signal.aborted) await continueOnce(index, input, tokens, edits, mine.signal);
        }
        if (running === mine) finish(mine.signal.aborted ? 'stopped' : 'done');
      } catch (error) {
        if (running === mine) finish(mine.signal.aborted ? 'stopped' : 'failed', sentenceOf(error));
      } finally {
        if (running === mine) running = null;
      }
    },
    stop,
  };
}

/** Changes of what is shown, none of them when nothing runs. */
function createOutputs(store: StoreApi<ExploreState>) {
  const setOutput = (index: number, change: (output: Output) => Output) => {
    const { generation } = store.getState();
    if (generation.status !== 'running') return;
    const outputs = generation.outputs.map((o, i) => (i === index ? change(o) : o));
    store.setState({ generation: { ...generation, outputs } });
  };

  const addOutput = (output: Output) => {
    const { generation } = store.getState();
    if (generation.status === 'running') store.setState({ generation: { ...generation, outputs: [...generation.outputs, output] } });
  };

  const finish = (status: 'done' | 'stopped' | 'failed', message = '') => {
    const { generation } = store.getState();
    if (generation.status !== 'running') return;
    const { prompt, outputs } = generation;
    const next: GenerationTask = status === 'failed' ? { status, prompt, outputs, message } : { status, prompt, outputs };
    store.setState({ generation: next });
  };

  return { setOutput, addOutput, finish };
}

const newOutput = (name: Output['name']): Output => ({ name, text: '', tokens: [], finished: false });

/** Plain; with the edits, when any act; and with their controls, when wanted. @param start of the tokens read */
async function waysOf(
  api: FeaturescopeApi,
  state: ExploreState,
  ids: number[],
  start: number,
  signal: AbortSignal,
): Promise<[Output['name'], Edit[]][]> {
  const stretch = { start, end: ids.length };
  const edits = state.settings.withEdits ? activeEdits(state, ids.length, stretch) : [];
  if (edits.length === 0) return [['plain', []]];
  const items = state.bench.edits;
  const ways: [Output['name'], Edit[]][] = [
    ['plain', []],
    ['edited', edits],
  ];
  if (!state.settings.withControls || !items.some(({ change, on }) => on && isOfLatent(change))) return ways;
  const context = { ...editContext(state), tokens: ids.length, selected: clampPosition(state.position, ids.length) };
  const job = { items, context, stretch, ids: ids.slice(start), seed: state.settings.seed };
  const { latent, direction } = await controlEdits(api, job, signal);
  return [...ways, ['latent', latent], ['direction', direction]];
}
