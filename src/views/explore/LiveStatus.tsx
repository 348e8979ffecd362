import type { ExploreState } from '../../state/explore/state.ts';
import { progressWords } from '../shared/Progress.tsx';
import { Spoken } from '../shared/Spoken.tsx';
import { useApp } from './store.ts';

/** What a person who cannot see the page should hear about now. */
function statusWords(state: ExploreState, modelId: string): string {
  if (state.load.status === 'loading') return progressWords(state.load.name, state.load.progress);
  if (state.boot.status === 'loading') return progressWords(modelId, state.boot.progress);
  if (state.boot.status === 'failed' || !state.model) return '';
  if (state.generation.status === 'running') return 'Continuing the text.';
  if (state.reading.status === 'done' && state.analysis) return `${state.model.id}: ${state.analysis.before.ids.length} tokens read.`;
  return `${state.model.id} is open.`;
}

export function LiveStatus({ modelId }: { modelId: string }) {
  const words = useApp((s) => statusWords(s, modelId));
  return <Spoken words={words} />;
}
