import { useCallback, useMemo, useState } from 'react';
import type { Domain } from '../../charts/axes.ts';
import type { DictionaryHistory, RunHistory, RunInfo } from '../../api/training.ts';
import { formatCount, formatInteger, formatNumber, formatPercent } from '../../charts/format.ts';
import { Histogram } from '../../charts/Histogram.tsx';
import { LineChart, type ChartLine } from '../../charts/LineChart.tsx';
import { densityHistogram } from '../../state/shared/densityHistogram.ts';
import { evaluationSeries, pointSeries, valuesAt, type Series } from '../../state/train/trainingCurves.ts';
import { useTraining, useTrainingActions } from './TrainingContext.tsx';

/** Colours there are; after that the dash changes. */
const COLOURS = 6;

export function lineStyle(index: number): { slot: number; dash: number } {
  return { slot: index % COLOURS, dash: Math.floor(index / COLOURS) };
}

interface Picture {
  title: string;
  formula: string;
  series: (history: DictionaryHistory) => Series;
  format: (value: number) => string;
  /** Drawn on a logarithmic axis when the person wants one. */
  log?: boolean;
  fromZero?: boolean;
  marks?: boolean;
  /** Left out when all its values are 0. */
  optional?: boolean;
}

const PICTURES: readonly Picture[] = [
  {
    title: 'Loss',
    formula: 'reconstruction + sparsity (+ dead features’ loss)',
    series: (h) => pointSeries(h.points, 'loss'),
    format: formatNumber,
    log: true,
  },
  {
    title: 'Reconstruction',
    formula: '‖x − x̂‖², averaged or summed as the architecture does',
    series: (h) => pointSeries(h.points, 'reconstruction'),
    format: formatNumber,
    log: true,
  },
  {
    title: 'Sparsity',
    formula: 'weight × Σ f, mean over tokens',
    series: (h) => pointSeries(h.points, 'sparsity'),
    format: formatNumber,
    log: true,
    optional: true,
  },
  {
    title: 'Loss for dead features',
    formula: 'Σ‖r − r̂‖² / Σ‖r − mean r‖², r = x − x̂',
    series: (h) => pointSeries(h.points, 'auxiliary'),
    format: formatNumber,
    optional: true,
  },
  { title: 'L0', formula: 'features active on a token, mean', series: (h) => pointSeries(h.points, 'l0'), format: formatNumber, log: true },
  { title: 'FVU', formula: 'Σ‖x − x̂‖² / Σ‖x − mean x‖²', series: (h) => pointSeries(h.points, 'fvu'), format: formatNumber, log: true },
  {
    title: 'Dead features',
    formula: 'silent for as many tokens as set',
    series: (h) => pointSeries(h.points, 'dead'),
    format: formatInteger,
    fromZero: true,
  },
  {
    title: 'CE recovered',
    formula: '(CE zero − CE with x̂) / (CE zero − CE clean), held-out',
    series: (h) => evaluationSeries(h.evaluations, 'ce_recovered'),
    format: formatPercent,
    marks: true,
  },
  {
    title: 'Perplexity',
    formula: 'exp(CE with x̂), held-out',
    series: (h) => evaluationSeries(h.evaluations, 'perplexity'),
    format: formatNumber,
    marks: true,
  },
];

interface CurvesProps {
  run: RunInfo;
  history: RunHistory;
  names: readonly string[];
}

/** All curves of a run over one x, with one cursor. */
export function Curves({ run, history, names }: CurvesProps) {
  const muted = useTraining((s) => s.muted);
  const log = useTraining((s) => s.charts.log);
  const longest = history.reduce((a, b) => (b.points.length > a.length ? b.points : a), history[0]?.points ?? []);
  const end = Math.max(run.plan?.tokens ?? 0, longest.at(-1)?.tokens ?? 0, 1);
  const [zoom, setZoom] = useState<Domain | null>(null);
  const domain = useMemo<Domain>(() => zoom ?? [0, end], [zoom, end]);
  const stops = useMemo(() => Float64Array.from(longest, (p) => p.tokens), [longest]);
  return (
    <>
      <p className="chart-zoom hint">
        {zoom ? (
          <>
            {`${formatCount(Math.round(zoom[0]))} to ${formatCount(Math.round(zoom[1]))} tokens. `}
            <button type="button" className="button-small" onClick={() => setZoom(null)}>
              Show the whole run
            </button>
          </>
        ) : (
          'Drag over a chart to see a stretch closer; in a chart, the keys + and − do the same, and 0 shows the whole run.'
        )}
      </p>
      <div className="charts">
        {PICTURES.map((picture) => (
          <Chart key={picture.title} {...{ picture, history, names, muted, log, domain, end, stops, onZoom: setZoom }} />
        ))}
        <Densities history={history} names={names} muted={muted} />
      </div>
    </>
  );
}

interface ChartProps {
  picture: Picture;
  history: RunHistory;
  names: readonly string[];
  muted: readonly number[];
  log: boolean;
  domain: Domain;
  end: number;
  stops: ArrayLike<number>;
  onZoom: (domain: Domain | null) => void;
}

function Chart({ picture, history, names, muted, log, domain, end, stops, onZoom }: ChartProps) {
  const cursor = useTraining((s) => s.cursor);
  const { setCursor } = useTrainingActions();
  const { title, formula, series, format } = picture;
  const all = useMemo(() => history.map(series), [history, series]);
  const lines = useMemo<ChartLine[]>(
    () => all.flatMap((s, i) => (muted.includes(i) ? [] : [{ name: names[i], ...s, ...lineStyle(i) }])),
    [all, muted, names],
  );
  const describe = useCallback(
    (x: number) => {
      const values = all.flatMap(({ xs, ys }, i) => {
        const at = xs.findLastIndex((tokens) => tokens <= x);
        return muted.includes(i) || at < 0 ? [] : [all.length > 1 ? `${names[i]} ${format(ys[at])}` : format(ys[at])];
      });
      return `at ${formatCount(x)} tokens: ${values.length > 0 ? values.join('; ') : 'nothing measured yet'}`;
    },
    [all, muted, names, format],
  );
  if (picture.optional && all.every(({ ys }) => ys.every((y) => y === 0))) return null;
  return (
    <LineChart
      title={title}
      formula={formula}
      lines={lines}
      domain={domain}
      end={end}
      xName="Tokens"
      formatX={formatInteger}
      onZoom={onZoom}
      log={log && (picture.log ?? false)}
      fromZero={picture.fromZero}
      marks={picture.marks}
      cursor={cursor}
      onCursor={setCursor}
      stops={stops}
      format={format}
      describe={describe}
    />
  );
}

function Densities({ history, names, muted }: Pick<ChartProps, 'history' | 'names' | 'muted'>) {
  const counted = useMemo(
    () =>
      history.flatMap(({ density, densityRows }, index) => (density ? [{ index, rows: densityRows, ...densityHistogram(density) }] : [])),
    [history],
  );
  const shown = counted.filter(({ index }) => !muted.includes(index));
  const bins = counted[0]?.bins ?? densityHistogram([]).bins;
  const labels = ['never', ...bins.map(({ label }) => label)];
  const series = shown.map(({ index, bins: own, dead }) => ({
    name: names[index],
    counts: [dead, ...own.map(({ count }) => count)],
    ...lineStyle(index),
  }));
  const describe = (bin: number) => {
    const words = shown.map(({ index }, i) => `${shown.length > 1 ? `${names[index]} ` : ''}${formatInteger(series[i].counts[bin])}`);
    return `${bin === 0 ? 'never' : `on at most ${labels[bin]} of tokens`}: ${words.join('; ')} features`;
  };
  const rows = shown[0]?.rows ?? 0;
  return (
    <Histogram
      title="How often features fire"
      formula={rows > 0 ? `features by share of the last ${formatCount(rows)} tokens, steps of √10` : 'features by share of tokens'}
      binName="On at most"
      labels={labels}
      series={series}
      describe={describe}
    />
  );
}

/** What is known of one dictionary at the cursor. */
export function useValuesAt(history: DictionaryHistory | undefined) {
  const cursor = useTraining((s) => s.cursor);
  return history ? valuesAt(history, cursor) : { point: null, evaluation: null };
}
