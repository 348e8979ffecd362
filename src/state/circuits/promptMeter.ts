/** Measures prompt circuits: what the model expects of a prompt, and which nodes carry a difference between two tokens. */
import type { StoreApi } from 'zustand/vanilla';
import { createLatest } from '../shared/latest.ts';
import type { SharedState } from '../shared/state.ts';
import type { Naming } from './naming.ts';
import { chosenFrom } from './settings.ts';
import type { CircuitsApi, CircuitsStore, MadeCircuit, PromptTokens } from './state.ts';

interface PromptNeeds {
  api: CircuitsApi;
  store: CircuitsStore;
  page: StoreApi<SharedState>;
  naming: Naming;
}

const EMPTY = 'There is no prompt. Type one here, or a text in Explore.';
const LONGEST = 2000;
/** Likeliest tokens of a position that can be picked. */
const EXPECTED = 12;
/** Prompts are read when a person stops typing. */
const PAUSE_MS = 250;

export class PromptMeter {
  readonly #needs: PromptNeeds;
  readonly #reading = createLatest();
  readonly #task = createLatest();
  #pause: ReturnType<typeof setTimeout> | undefined;

  constructor(needs: PromptNeeds) {
    this.#needs = needs;
  }

  drop(): void {
    clearTimeout(this.#pause);
    this.#reading.cancel();
    this.#task.cancel();
    this.#needs.store.setState({ prompt: null, made: null, coming: [], circuitTask: null });
  }

  stop(): void {
    this.#task.cancel();
    const { store } = this.#needs;
    if (store.getState().circuitTask?.status === 'running') store.setState({ circuitTask: { status: 'stopped' } });
  }

  /** What the model expects of the prompt, unless that is known. */
  read(): void {
    clearTimeout(this.#pause);
    const text = this.#text();
    const { prompt } = this.#needs.store.getState();
    if (prompt && 'text' in prompt && prompt.text === text) return;
    this.#reading.cancel();
    this.#needs.store.setState({ prompt: null });
    if (text !== '' && text.length <= LONGEST) this.#pause = setTimeout(() => void this.#read(text), PAUSE_MS);
  }

  async #read(text: string): Promise<void> {
    const { api, store } = this.#needs;
    const answer = await this.#reading.run((signal) => api.predict({ text }, { k: EXPECTED, signal }));
    if (answer.status === 'stale') return;
    if (answer.status === 'failed') return store.setState({ prompt: answer });
    const { ids, tokens, k, topIds, topProbs, topTokens } = answer.value;
    const expected = ids.map((_, p) =>
      Array.from({ length: k }, (_rank, r) => {
        const id = topIds[p * k + r];
        return { id, token: topTokens[id] ?? '', probability: topProbs[p * k + r] };
      }),
    );
    store.setState({ prompt: { text, ids, tokens, expected } });
  }

  async typeToken(which: 'plus' | 'minus', typed: string): Promise<string> {
    const { api, store } = this.#needs;
    const { ids, tokens } = await api.tokenize(typed);
    if (ids.length === 0) return 'Nothing was typed.';
    if (ids.length > 1) return `That is ${ids.length} tokens: ${tokens.join(' | ')}. Type a single one; most words begin with a space.`;
    await this.#needs.naming.learnTokens(ids);
    store.getState().actions.setPrompt({ [which]: ids[0] });
    return '';
  }

  async measure(): Promise<void> {
    const { api, store, page } = this.#needs;
    store.setState({
      circuitTask: { status: 'running', what: 'Measuring the circuit', done: 0, total: 0, message: '', began: Date.now() },
      coming: [],
    });
    const answer = await this.#task.run(async (signal): Promise<MadeCircuit> => {
      const asked = this.#asked();
      const { dictionaries } = page.getState();
      const list = dictionaries.status === 'done' ? dictionaries.list : [];
      const { nodes, edges, seed, from } = store.getState().place.prompt;
      const { text, position, plus, minus } = asked;
      const circuit = await api.circuit(
        {
          input: { text },
          position,
          plus,
          ...(minus !== null && { minus }),
          dictionaries: chosenFrom(list, undefined, from),
          nodes,
          edges,
          seed,
        },
        {
          signal,
          onProgress({ done, total, message, nodes: coming }) {
            const { circuitTask } = store.getState();
            if (signal.aborted || circuitTask?.status !== 'running') return;
            store.setState({ circuitTask: { ...circuitTask, done, total, message }, coming });
          },
        },
      );
      const [row] = await api.detokenize([circuit.ids]);
      const named = (await api.detokenize([plus, ...(minus === null ? [] : [minus])].map((id) => [id]))).map(({ tokens }) => tokens[0]);
      return { circuit, tokens: row.tokens, plus: named[0], minus: named[1] ?? null };
    });
    if (answer.status === 'stale') return;
    if (answer.status === 'failed') return store.setState({ circuitTask: answer, coming: [] });
    const { circuit } = answer.value;
    store.setState((s) => ({
      made: answer.value,
      coming: [],
      circuitTask: null,
      chosen: null,
      said: `The circuit has ${circuit.nodes.length} nodes and ${circuit.edges.length} edges.`,
      place: { ...s.place, shown: s.place.shown === null ? null : Math.min(s.place.shown, circuit.nodes.length) },
    }));
    void this.#needs.naming.learn(circuit.nodes.flatMap(({ dictionary, latent }) => (latent === null ? [] : [{ dictionary, latent }])));
  }

  #text(): string {
    const { place, explore } = this.#needs.store.getState();
    return place.prompt.text ?? explore;
  }

  /** What the form says, with what it leaves open filled in. */
  #asked(): { text: string; position: number; plus: number; minus: number | null } {
    const { place, prompt } = this.#needs.store.getState();
    const text = this.#text();
    if (text === '') throw new Error(EMPTY);
    if (text.length > LONGEST)
      throw new Error(`The prompt has more than ${LONGEST} characters. Shorten it: the whole of it is run many times.`);
    if (!prompt || !('text' in prompt) || prompt.text !== text) throw new Error('The prompt is still being read. Try again in a moment.');
    const position = positionOf(prompt, place.prompt.position);
    const plus = place.prompt.plus ?? prompt.expected[position]?.[0]?.id;
    if (plus === undefined) throw new Error('There is no token to measure. Choose one.');
    return { text, position, plus, minus: place.prompt.minus };
  }
}

/** The position that is meant: the last, where none or one beyond the end is chosen. */
export function positionOf({ ids }: Pick<PromptTokens, 'ids'>, position: number | null): number {
  const last = ids.length - 1;
  return position === null ? last : Math.min(position, last);
}
