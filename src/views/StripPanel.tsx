import { useMemo } from 'react';
import { formatFull, formatNumber } from '../charts/format.ts';
import { Legend } from '../charts/Legend.tsx';
import { colourScale, linearScale, type Metric } from '../charts/scales.ts';
import type { Predictions } from '../core/lm/types.ts';
import type { Analysis, ColourBy } from '../state/appState.ts';
import { pinsOf, selectedLatent, shownSeries, tallyOf, type FeatureReading } from '../state/featureFacts.ts';
import { commonPrefix, featureValue } from '../state/features.ts';
import { hasEdits } from '../state/selectors.ts';
import { spanWords } from '../state/spans.ts';
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
  const features = useApp((s) => s.features);
  const pointing = useApp((s) => s.pointed !== null);
  const colourBy = (chosen === 'kl' && !edited) || (chosen === 'feature' && !features) ? 'surprise' : chosen;
  const options: { value: ColourBy; label: string }[] = [
    { value: 'surprise', label: 'Surprise' },
    { value: 'entropy', label: 'Entropy' },
    { value: 'rank', label: 'Rank' },
    ...(edited ? [{ value: 'kl' as const, label: 'KL' }] : []),
    ...(features ? [{ value: 'feature' as const, label: 'Feature' }] : []),
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
        features && (colourBy === 'feature' || pointing) ? (
          <ByFeature analysis={analysis} features={features} />
        ) : (
          <ByMetric analysis={analysis} colourBy={colourBy === 'feature' ? 'none' : colourBy} />
        )
      ) : reading.status === 'empty' ? (
        <Empty>No text, so no tokens. Type above, or choose a sample.</Empty>
      ) : boot === 'failed' ? (
        <Empty>No model is open. Try again above, or open one from files.</Empty>
      ) : (
        <Skeleton lines={2} />
      )}
      <Brushed />
    </Panel>
  );
}

/** The brushed tokens in words, and the way back to none. */
function Brushed() {
  const span = useApp((s) => s.span);
  const { setSpan } = useActions();
  const clear = () => {
    setSpan(null);
    getSelection()?.removeAllRanges();
  };
  return (
    <p className="brushed" role="status">
      {span ? (
        <>
          {sentence(spanWords(span))} chosen.{' '}
          <button type="button" className="button-small" onClick={clear}>
            Clear
          </button>
        </>
      ) : (
        <span className="hint">Drag over tokens, or hold Shift with the arrow keys, to choose several.</span>
      )}
    </p>
  );
}

const sentence = (words: string) => words[0].toUpperCase() + words.slice(1);

type MetricChoice = Exclude<ColourBy, 'feature'>;

function ByMetric({ analysis, colourBy }: { analysis: Analysis; colourBy: MetricChoice }) {
  const vocabulary = useApp((s) => s.model?.n_tokens ?? 2);
  const values = useMemo(() => metricValues(analysis, colourBy), [analysis, colourBy]);
  const scale = useMemo(
    () => (colourBy === 'none' ? null : colourScale(colourBy, vocabulary, largest(values))),
    [colourBy, vocabulary, values],
  );
  const more = useFeatureFacts(analysis);
  const shares = useMemo(() => Array.from(values, (v) => (scale ? scale.share(v) : 0)), [values, scale]);
  return (
    <div data-metric={colourBy}>
      <TokenStrip analysis={analysis} shares={shares} more={more} />
      {scale && colourBy !== 'none' ? (
        <Legend scale={scale} caption={captionOf(colourBy, analysis)} />
      ) : (
        <p className="legend">No colours. Point at a feature to light its tokens.</p>
      )}
    </div>
  );
}

/** Coloured by one feature, on a scale from 0 to its maximum in this text. */
function ByFeature({ analysis, features }: { analysis: Analysis; features: FeatureReading }) {
  const latent = useApp(selectedLatent) ?? 0;
  const slot = useApp((s) => pinsOf(s.pins, features.dictionary.id).find((p) => p.latent === latent)?.slot);
  const { ids } = analysis.before;
  const series = useMemo(() => shownSeries(features, latent, ids), [features, latent, ids]);
  const skipSpecial = useApp((s) => s.skipSpecial);
  const top = tallyOf(features, skipSpecial).byLatent.get(latent)?.max ?? 0;
  const scale = useMemo(() => linearScale(top), [top]);
  const shares = useMemo(() => Array.from(series, scale.share), [series, scale]);
  const more = useFeatureFacts(analysis);
  const caption =
    top > 0
      ? `Feature ${latent}: value ÷ its maximum in this text, ${formatNumber(top)}. Full colour: that maximum.`
      : `Feature ${latent} fires on no token of this text.`;
  return (
    <div data-metric="feature" data-slot={slot}>
      <TokenStrip analysis={analysis} shares={shares} more={more} />
      <Legend scale={scale} caption={caption} />
    </div>
  );
}

/** For the tooltip: the values of the feature shown and of the pinned ones, where they are known. */
function useFeatureFacts(analysis: Analysis): (position: number) => [string, string][] {
  const features = useApp((s) => s.features);
  const pins = useApp((s) => s.pins);
  const selected = useApp((s) => (s.colourBy === 'feature' || s.pointed !== null ? selectedLatent(s) : null));
  if (!features) return () => [];
  const pinned = pinsOf(pins, features.dictionary.id).map((p) => p.latent);
  const latents = [...new Set([...(selected === null ? [] : [selected]), ...pinned])];
  const known = commonPrefix(features.ids, analysis.before.ids);
  return (i: number) => (i < known ? latents.map((l) => [`feature ${l}`, formatFull(featureValue(features.index, l, i))]) : []);
}

/** With edits on, surprise, entropy and rank are those of the edited model: what the person is looking at. */
function metricValues({ before, after }: Analysis, colourBy: MetricChoice): ArrayLike<number> {
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
