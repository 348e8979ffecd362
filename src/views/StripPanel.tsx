import { useMemo } from 'react';
import { Legend } from '../charts/Legend.tsx';
import { colourScale, type Metric } from '../charts/scales.ts';
import type { Predictions } from '../core/lm/types.ts';
import type { Analysis, ColourBy } from '../state/appState.ts';
import { hasEdits } from '../state/selectors.ts';
import { Choice } from './fields.tsx';
import { Empty, Panel, Skeleton } from './Panel.tsx';
import { useActions, useApp } from './StoreContext.tsx';
import { TokenStrip } from './TokenStrip.tsx';

const CAPTIONS: Record<Metric, string> = {
  surprise: 'Surprise of each token, −ln p in nats. Full colour: a blind guess among all tokens.',
  entropy: 'Entropy of the prediction made after each token, nats. Full colour: no idea at all.',
  rank: 'Place of each token among the guesses for it, 1 the best; logarithmic.',
  kl: 'KL(before‖after) of the prediction made after each token, nats.',
};

export function StripPanel() {
  const analysis = useApp((s) => s.analysis);
  const reading = useApp((s) => s.reading);
  const boot = useApp((s) => s.boot.status);
  const chosen = useApp((s) => s.colourBy);
  const edited = useApp(hasEdits);
  const { setColourBy } = useActions();
  const colourBy = chosen === 'kl' && !edited ? 'surprise' : chosen;
  const options: { value: ColourBy; label: string }[] = [
    { value: 'surprise', label: 'Surprise' },
    { value: 'entropy', label: 'Entropy' },
    { value: 'rank', label: 'Rank' },
    ...(edited ? [{ value: 'kl' as const, label: 'KL' }] : []),
    { value: 'none', label: 'None' },
  ];
  return (
    <Panel
      title="Tokens"
      className="panel-strip"
      busy={reading.status === 'running'}
      aside={<Choice legend="Colour by" options={options} value={colourBy} onChange={setColourBy} />}
    >
      {analysis ? (
        <Coloured analysis={analysis} colourBy={colourBy} />
      ) : reading.status === 'empty' ? (
        <Empty>No text, so no tokens. Type above, or choose a sample.</Empty>
      ) : boot === 'failed' ? (
        <Empty>No model is open. Try again above, or open one from files.</Empty>
      ) : (
        <Skeleton lines={2} />
      )}
    </Panel>
  );
}

function Coloured({ analysis, colourBy }: { analysis: Analysis; colourBy: ColourBy }) {
  const vocabulary = useApp((s) => s.model?.n_tokens ?? 2);
  const values = useMemo(() => metricValues(analysis, colourBy), [analysis, colourBy]);
  const scale = useMemo(
    () => (colourBy === 'none' ? null : colourScale(colourBy, vocabulary, largest(values))),
    [colourBy, vocabulary, values],
  );
  const shares = useMemo(() => Array.from(values, (v) => (scale ? scale.share(v) : 0)), [values, scale]);
  return (
    <div data-metric={colourBy}>
      <TokenStrip analysis={analysis} shares={shares} />
      {scale && colourBy !== 'none' && <Legend scale={scale} caption={captionOf(colourBy, analysis)} />}
    </div>
  );
}

/** With edits on, surprise, entropy and rank are those of the edited model: what the person is looking at. */
function metricValues({ before, after }: Analysis, colourBy: ColourBy): ArrayLike<number> {
  const shown: Predictions = after ?? before;
  if (colourBy === 'none') return new Float32Array(before.ids.length);
  if (colourBy === 'kl') return after?.comparison?.kl ?? new Float32Array(before.ids.length);
  return shown[colourBy];
}

function captionOf(metric: Metric, analysis: Analysis): string {
  return analysis.after && metric !== 'kl' ? `${CAPTIONS[metric]} With the edits.` : CAPTIONS[metric];
}

function largest(values: ArrayLike<number>): number {
  let max = 0;
  for (let i = 0; i < values.length; i++) if (values[i] > max) max = values[i];
  return max;
}
