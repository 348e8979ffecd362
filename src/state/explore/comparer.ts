/** Keeps the features of the second text in step with it, the dictionary and the model. */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import type { DictionaryInfo, Latents } from '../../api/dictionaries.ts';
import type { CompareBy } from './comparing.ts';
import type { SecondReading } from './compareFacts.ts';
import { chosenDictionary } from '../shared/dictionaries.ts';
import { indexing, type IndexPart } from './features.ts';
import { createLatest } from '../shared/latest.ts';
import { inSlices } from '../shared/timeSlices.ts';
import type { ExploreState } from './state.ts';
import { createTokenReader } from './tokenReader.ts';

export interface CompareActions {
  /** null closes the comparison. */
  setCompare: (text: string | null) => void;
  setCompareBy: (by: CompareBy) => void;
}

/** Joins the keystrokes of one word. */
const PAUSE_MS = 120;
/** Tokens indexed between two pauses. */
const ROWS_A_PART = 256;

export function createComparer(api: FeaturescopeApi, store: StoreApi<ExploreState>): CompareActions {
  const lane = createLatest();
  const { tokensOf, forget } = createTokenReader(api);
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** Of a very long text only its start, as of the first one. */
  const read = async (given: string, dictionary: DictionaryInfo, signal: AbortSignal): Promise<SecondReading | null> => {
    const { text, ids, tokens, spans } = await tokensOf(given);
    signal.throwIfAborted();
    if (ids.length === 0) return null;
    const latents = await api.encode({ ids }, dictionary.id, { signal });
    const index = await inSlices(indexing(partsOf(latents), ids.length, latents.d_sae), signal);
    return { dictionary, text, ids, tokens, spans, index };
  };

  const refresh = async () => {
    const state = store.getState();
    const { compare, model } = state;
    const dictionary = chosenDictionary(state);
    if (!compare || compare.text === '' || !model || !dictionary) {
      lane.cancel();
      store.setState({ compared: null, compareTask: { status: 'idle' } });
      return;
    }
    store.setState({ compareTask: { status: 'running' } });
    const outcome = await lane.run((signal) => read(compare.text, dictionary, signal));
    if (outcome.status === 'stale') return;
    if (outcome.status === 'failed') {
      const { compared } = store.getState();
      // The last answer stays, unless it is another dictionary's than the one named above it.
      store.setState({ compareTask: outcome, compared: compared?.dictionary.id === dictionary.id ? compared : null });
    } else store.setState({ compareTask: { status: 'done' }, compared: outcome.value });
  };

  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => void refresh(), PAUSE_MS);
  };
  store.subscribe((now, was) => {
    const otherModel = now.model?.hash !== was.model?.hash;
    if (otherModel) forget();
    // The one chosen is known by its id before the list that holds it is.
    const other = otherModel || chosenDictionary(now)?.id !== chosenDictionary(was)?.id;
    if (now.compare !== was.compare || (now.compare && other)) soon();
  });
  if (store.getState().compare) soon();

  return {
    setCompare: (text) => store.setState({ compare: text === null ? null : { text } }),
    setCompareBy: (compareBy) => store.setState({ compareBy }),
  };
}

/** The same latents in pieces small enough to index between two frames. */
function partsOf({ rows, latents, values }: Latents): IndexPart[] {
  const parts: IndexPart[] = [];
  for (let first = 0; first + 1 < rows.length; first += ROWS_A_PART) {
    const some = rows.subarray(first, first + ROWS_A_PART + 1);
    const [from, to] = [some[0], some[some.length - 1]];
    const part = { rows: some.map((entry) => entry - from), latents: latents.subarray(from, to), values: values.subarray(from, to) };
    parts.push({ first, latents: part });
  }
  return parts;
}
