/** Counts in bins, each bar divided by what was counted; values can be marked, and a stretch of them chosen. */
import { memo, useCallback, useMemo, useState, type ReactNode } from 'react';
import { linearAxis, logAxis, type Axis, type Domain } from './axes.ts';
import { Frame, type Box, type Plot } from './Frame.tsx';
import { formatInteger, formatNumber } from './format.ts';
import { binAt, stackColour, stackParts, totals, wholeBins } from './stacks.ts';
import './stacks.css';
import { ZoomBrush } from './ZoomBrush.tsx';

export interface StackSeries {
  /** For tables and for those who hear it. */
  name: string;
  counts: readonly number[];
  /** All that has no series of its own: grey. */
  isRest?: boolean;
  /** In the legend, where it is more than its name. */
  face?: ReactNode;
}

interface ValueMark {
  value: number;
  words: string;
}

interface StackedHistogramProps {
  title: string;
  /** What is drawn, exactly. */
  formula: string;
  /** What the bins are of: 'value'. */
  xName: string;
  /** What is counted: 'tokens'. */
  yName: string;
  /** One more than there are bins, rising. */
  edges: readonly number[];
  series: readonly StackSeries[];
  log?: boolean;
  marks?: readonly ValueMark[];
  /** Chosen stretch of the values. */
  range?: Domain | null;
  /** Absent: none can be chosen. */
  onRange?: (range: Domain | null) => void;
  height?: number;
}

/** A logarithmic axis begins below 1, so that a count of 1 has a height. */
const LOG_FOOT = 0.5;
const MARGIN = { left: 46, right: 12, top: 16, bottom: 34 };

export function StackedHistogram(props: StackedHistogramProps) {
  const { title, formula, xName, yName, edges, series, log = false, marks = NO_MARKS, range = null, onRange, height = 190 } = props;
  const [bin, setBin] = useState<number | null>(null);
  const { onKey, clear } = useRangeKeys(edges, bin, onRange);
  const counts = useMemo(() => series.map((one) => one.counts), [series]);
  const axes = useCallback((box: Box) => axesOf(edges, counts, log, box), [edges, counts, log]);
  const size = useMemo(() => ({ height, first: 480, margin: MARGIN }), [height]);
  const describe = (place: number) => binWords(edges, series, place);
  const at = Math.min(bin ?? 0, edges.length - 2);
  return (
    <>
      <Frame
        title={title}
        formula={formula}
        reading={bin === null ? undefined : describe(at)}
        size={size}
        axes={axes}
        empty="Nothing counted."
        xTitle={xName}
        yTitle={yName}
        count={edges.length - 1}
        at={at}
        nearest={({ x }, px) => binAt(edges, x.value(px))}
        describe={describe}
        onRead={setBin}
        onKey={onKey}
        forget
        table={() => stackTable(edges, series, xName)}
        overlay={(plot) => (
          <>
            {marks.map((mark) => (
              <Mark key={mark.words} plot={plot} mark={mark} />
            ))}
            {onRange && <ZoomBrush plot={plot} onZoom={(to) => (to ? onRange(wholeBins(edges, to)) : clear())} />}
          </>
        )}
      >
        {({ x, y, box }) => (
          <>
            {range && <Band from={x.place(range[0])} to={x.place(range[1])} box={box} name="chart-range" />}
            {bin !== null && <Band from={x.place(edges[at])} to={x.place(edges[at + 1])} box={box} name="chart-bin" />}
            <Bars edges={edges} series={series} x={x} y={y} foot={log ? LOG_FOOT : 0} />
          </>
        )}
      </Frame>
      {series.length > 1 && <StackLegend series={series} />}
    </>
  );
}

const NO_MARKS: readonly ValueMark[] = [];

/** Space chooses the bin that is read, and a second time all from there to here; Escape chooses none. */
function useRangeKeys(edges: readonly number[], bin: number | null, onRange: StackedHistogramProps['onRange']) {
  const [anchor, setAnchor] = useState<number | null>(null);
  const clear = () => {
    setAnchor(null);
    onRange?.(null);
  };
  const onKey = (key: string) => {
    if (!onRange || (key !== ' ' && key !== 'Escape')) return false;
    if (key === 'Escape') clear();
    else if (bin !== null) {
      const [from, to] = anchor === null ? [bin, bin] : [Math.min(anchor, bin), Math.max(anchor, bin)];
      setAnchor(anchor === null ? bin : null);
      onRange(wholeBins(edges, [edges[from], edges[to + 1]]));
    }
    return true;
  };
  return { onKey, clear };
}

interface BarsProps {
  edges: readonly number[];
  series: readonly StackSeries[];
  x: Axis;
  y: Axis;
  foot: number;
}

const Bars = memo(function Bars({ edges, series, x, y, foot }: BarsProps) {
  const parts = stackParts(
    edges,
    series.map(({ counts }) => counts),
    x,
    y,
    foot,
  );
  return parts.map(({ bin, part, left, width, top, height }) => (
    <rect
      key={`${bin} ${part}`}
      className="chart-stack"
      {...stackColour(part, series[part].isRest ?? false)}
      x={left}
      y={top}
      width={width}
      height={height}
    />
  ));
});

function StackLegend({ series }: { series: readonly StackSeries[] }) {
  return (
    <ul className="chart-legend" aria-label="Colours">
      {series.map(({ name, face, isRest, counts }, part) => (
        <li key={name}>
          <span className="chart-swatch" aria-hidden="true" {...stackColour(part, isRest ?? false)} />
          <span>{face ?? name}</span> <span className="chart-legend-count">{formatInteger(counts.reduce((sum, n) => sum + n, 0))}</span>
        </li>
      ))}
    </ul>
  );
}

interface BandProps {
  from: number;
  to: number;
  box: Box;
  name: string;
}

function Band({ from, to, box, name }: BandProps) {
  return <rect className={name} x={from} width={Math.max(1, to - from)} y={box.top} height={box.height - box.top - box.bottom} />;
}

/** A value that stands out, such as that in a person's text. */
function Mark({ plot: { x, box }, mark: { value, words } }: { plot: Plot; mark: ValueMark }) {
  const px = x.place(value);
  if (Number.isNaN(px) || px < box.left - 1 || px > box.width - box.right + 1) return null;
  const isLate = px > box.width / 2;
  return (
    <g className="chart-value">
      <line x1={px} x2={px} y1={box.top - 4} y2={box.height - box.bottom} />
      <text x={px + (isLate ? -5 : 5)} y={box.top + 5} textAnchor={isLate ? 'end' : 'start'}>
        {words}
      </text>
    </g>
  );
}

function axesOf(edges: readonly number[], counts: readonly (readonly number[])[], log: boolean, box: Box) {
  const top = Math.max(0, ...totals(counts));
  if (top === 0) return null;
  const upright = [box.height - box.bottom, box.top] as const;
  return {
    x: linearAxis([edges[0], edges[edges.length - 1]], [box.left, box.width - box.right], Math.max(3, Math.floor(box.width / 90))),
    y: log ? logAxis([LOG_FOOT, Math.max(top, 1)], upright, formatInteger) : linearAxis([0, top], upright),
  };
}

/** "3.1 to 3.7: 131 – ’ 91, other tokens 40" */
export function binWords(edges: readonly number[], series: readonly StackSeries[], bin: number): string {
  const total = series.reduce((sum, { counts }) => sum + (counts[bin] ?? 0), 0);
  const words = `${formatNumber(edges[bin])} to ${formatNumber(edges[bin + 1])}: ${formatInteger(total)}`;
  const parts = series.filter(({ counts }) => counts[bin] > 0).map(({ name, counts }) => `${name} ${formatInteger(counts[bin])}`);
  return series.length > 1 && parts.length > 0 ? `${words} – ${parts.join(', ')}` : words;
}

function stackTable(edges: readonly number[], series: readonly StackSeries[], xName: string) {
  const all = totals(series.map(({ counts }) => counts));
  const many = series.length > 1;
  return {
    columns: [`${xName}, from`, 'to', ...(many ? ['all'] : []), ...series.map(({ name }) => name)],
    rows: all.map((total, bin) => [
      formatNumber(edges[bin]),
      formatNumber(edges[bin + 1]),
      ...(many ? [formatInteger(total)] : []),
      ...series.map(({ counts }) => formatInteger(counts[bin])),
    ]),
  };
}
