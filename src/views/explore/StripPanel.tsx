import { useDeferredValue, useMemo } from 'react';
import { formatFull, formatNumber } from '../../charts/format.ts';
import { Legend } from '../../charts/Legend.tsx';
import { colourScale, linearScale, type ColourScale, type Metric } from '../../charts/scales.ts';
import type { Analysis } from '../../state/explore/analysis.ts';
import type { ColourBy } from '../../state/explore/facts.ts';
import { comparedTop } from '../../state/explore/compareFacts.ts';
import { pinsOf, selectedLatent, shownLabels, shownSeries, type FeatureReading } from '../../state/explore/featureFacts.ts';
import { commonPrefix, featureValue } from '../../state/explore/features.ts';
import { featureName } from '../../state/shared/labels.ts';
import { hasEdits } from '../../state/explore/selectors.ts';
import { spanWords } from '../../state/explore/spans.ts';
import { Choice } from '../shared/fields.tsx';
import { Panel } from '../shared/Panel.tsx';
import { useActions, useApp } from './store.ts';
import { TokenStrip } from './TokenStrip.tsx';
import { Unread } from './Unread.tsx';

const CAPTIONS: Record<Metric, string> = {
  surprise: 'Surprise of each token, −ln p in nats. Full colour: a blind guess among all tokens.',
  entropy: 'Entropy of the prediction made after each token, nats. Full colour: no idea at all.',
  rank: 'Place of each token among the guesses for it, 1 the best; logarithmic.',
  kl: 'KL(before‖after) of the prediction made after each token, nats.',
};

export function StripPanel() {
  // Drawn when there is time: a keystroke never waits for it.
  const analysis = useDeferredValue(useApp((s) => s.analysis));
  const busy = useApp((s) => s.reading.status === 'running');
  const chosen = useApp((s) => s.colourBy);
  const edited = useApp(hasEdits);
  const { setColourBy } = useActions();
  const features = useApp((s) => s.features);
  const pointing = useApp((s) => s.pointed !== null);
  const awaited = useApp((s) => s.dictionaries.status === 'waiting' || s.featuresTask.status === 'running');
  // While features are on their way the strip stays bare rather than change its colours twice.
  const instead = chosen === 'feature' && awaited ? 'none' : 'surprise';
  const colourBy = (chosen === 'kl' && !edited) || (chosen === 'feature' && !features) ? instead : chosen;
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
      busy={busy}
      aside={<Choice legend="Colour by" options={options} value={colourBy} onChange={setColourBy} />}
    >
      {analysis ? (
        <Coloured analysis={analysis} colourBy={colourBy} features={colourBy === 'feature' || pointing ? features : null} />
      ) : (
        <Unread
          lines={2}
          empty="No text, so no tokens. Type above, or choose a sample."
          noModel="No model is open. Try again above, or open one from files."
        />
      )}
      <Brushed />
      {analysis && analysis.windows.length > 1 && <Windows windows={analysis.windows.length} />}
    </Panel>
  );
}

function Windows({ windows }: { windows: number }) {
  const n_ctx = useApp((s) => s.model?.n_ctx ?? 0);
  return (
    <p className="hint">
      Longer than the {n_ctx} tokens this model reads at once, so it is read in {windows} windows that overlap by a quarter. A dashed line
      marks where the next begins; each token is read with as much text before it as there is in any of them.
    </p>
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

interface Colouring {
  share: (position: number) => number;
  scale: ColourScale | null;
  caption: string;
}

interface ColouredProps {
  analysis: Analysis;
  colourBy: ColourBy;
  /** Given when the strip is coloured by a feature. */
  features: FeatureReading | null;
}

/** One strip whatever colours it, so that it keeps its place while a feature is pointed at. */
function Coloured({ analysis, colourBy, features }: ColouredProps) {
  const latent = useApp((s) => (features ? (selectedLatent(s) ?? 0) : -1));
  const slot = useApp((s) => pinsOf(s.pins, features?.dictionary.id ?? '').find((p) => p.latent === latent)?.slot);
  const byMetric = useMetric(analysis, colourBy === 'feature' ? 'none' : colourBy);
  const byFeature = useFeature(analysis, features, latent);
  const { share, scale, caption } = byFeature ?? byMetric;
  const more = useFeatureFacts(analysis);
  return (
    <div data-metric={features ? 'feature' : colourBy} data-slot={features ? slot : undefined}>
      <TokenStrip analysis={analysis} share={share} more={more} />
      {scale ? <Legend scale={scale} caption={caption} /> : <p className="legend">{caption}</p>}
    </div>
  );
}

function useMetric(analysis: Analysis, colourBy: MetricChoice): Colouring {
  const vocabulary = useApp((s) => s.model?.n_tokens ?? 2);
  return useMemo(() => {
    const { flags } = analysis.known;
    const values = metricValues(analysis, colourBy);
    if (colourBy === 'none') {
      return { share: (i) => (flags[i] === 1 ? 0 : NaN), scale: null, caption: 'No colours. Point at a feature to light its tokens.' };
    }
    const scale = colourScale(colourBy, vocabulary, largest(values));
    return { share: (i) => (flags[i] === 1 ? scale.share(values[i]) : NaN), scale, caption: captionOf(colourBy, analysis) };
  }, [analysis, colourBy, vocabulary]);
}

/** By one feature, on a scale from 0 to its maximum in this text. */
function useFeature(analysis: Analysis, features: FeatureReading | null, latent: number): Colouring | null {
  const { ids } = analysis.before;
  const top = useApp((s) => (features ? comparedTop(s, latent) : 0));
  const name = useApp((s) => featureName(latent, shownLabels(s).get(latent)));
  const where = useApp((s) => (s.compared ? 'both texts' : 'this text'));
  return useMemo(() => {
    if (!features) return null;
    const series = shownSeries(features, latent, ids);
    const scale = linearScale(top);
    const caption =
      top > 0
        ? `${name}: value ÷ its maximum in ${where}, ${formatNumber(top)}. Full colour: that maximum.`
        : `${name} fires on no token of ${where}.`;
    return { share: (i) => scale.share(series[i]), scale, caption };
  }, [features, latent, ids, top, name, where]);
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
  const { flags } = features.known;
  return (i: number) =>
    i < known && flags[i] === 1 ? latents.map((l) => [`feature ${l}`, formatFull(featureValue(features.index, l, i))]) : [];
}

/** With edits on, surprise, entropy and rank are those of the edited model: what the person is looking at. */
function metricValues({ before, after }: Analysis, colourBy: MetricChoice): ArrayLike<number> {
  const shown = after ?? before;
  if (colourBy === 'none') return before.entropy;
  if (colourBy === 'kl') return after?.kl ?? new Float32Array(before.ids.length);
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
