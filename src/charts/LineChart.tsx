import { memo, useMemo, type KeyboardEvent, type PointerEvent } from 'react';
import { domainOf, linearAxis, logAxis, type Axis, type Domain } from './axes.ts';
import { moveCursor } from './keys.ts';
import { indexAt, linePath, nearest, type Curve } from './lines.ts';
import { useWidth } from './useWidth.ts';
import { ValueGrid } from './ValueGrid.tsx';

export interface ChartLine extends Curve {
  /** Which of the colours, and which of the dashes. */
  slot: number;
  dash: number;
}

export interface LineChartProps {
  title: string;
  /** What is drawn, exactly. */
  formula: string;
  lines: readonly ChartLine[];
  /** Of x, the whole run. */
  domain: Domain;
  log?: boolean;
  /** Of counts: 0 is on the axis, and at least 1. */
  fromZero?: boolean;
  /** Few values: each is marked. */
  marks?: boolean;
  /** x that all charts point at; null follows the last. */
  cursor: number | null;
  onCursor: (x: number | null) => void;
  /** x where the keyboard stops. */
  stops: ArrayLike<number>;
  format: (value: number) => string;
  /** "120 k tokens: α 0.004 0.31; …" */
  describe: (x: number) => string;
}

const HEIGHT = 150;
const FIRST_WIDTH = 320;
const MARGIN = { left: 46, right: 8, top: 8, bottom: 20 };
/** Stops are many; a key moves over a part of the picture that is seen to move. */
const KEY_STEPS = 200;
export const DASHES = ['none', '5 3', '1.5 3'] as const;

/** Lines over a common x, with a cursor that pointer and arrow keys move. */
export function LineChart(props: LineChartProps) {
  const { title, formula, lines, domain, log = false, fromZero = false, cursor, onCursor, stops, format, describe } = props;
  const [plot, width] = useWidth<HTMLDivElement>(FIRST_WIDTH);
  const x = useMemo(() => linearAxis(domain, [MARGIN.left, width - MARGIN.right], Math.max(2, Math.floor(width / 110))), [domain, width]);
  const y = useMemo(() => yAxis(lines, log, fromZero), [lines, log, fromZero]);
  const last = stops.length > 0 ? stops[stops.length - 1] : 0;
  const at = cursor ?? last;
  const stop = Math.max(0, nearest(stops, at));
  const onPointer = (event: PointerEvent<Element>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const i = nearest(stops, x.value(event.clientX - box.left));
    if (i >= 0) onCursor(stops[i]);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = Math.max(1, Math.round(stops.length / KEY_STEPS));
    const next = moveCursor(event.key, Math.round(stop / by), Math.ceil(stops.length / by));
    if (event.key === 'Escape') onCursor(null);
    if (next === undefined) return;
    event.preventDefault();
    const i = event.key === 'End' ? stops.length - 1 : Math.min(stops.length - 1, next * by);
    onCursor(i === stops.length - 1 ? null : stops[i]);
  };
  return (
    <figure className="chart">
      <figcaption title={formula}>
        <span className="chart-title" tabIndex={-1}>
          {title}
        </span>
        <span className="chart-formula">{formula}</span>
      </figcaption>
      <div
        ref={plot}
        className="chart-plot"
        role="slider"
        tabIndex={0}
        aria-label={title}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, stops.length - 1)}
        aria-valuenow={stop}
        aria-valuetext={stops.length > 0 ? describe(at) : 'no values yet'}
        onKeyDown={onKeyDown}
        onPointerMove={onPointer}
        onPointerDown={onPointer}
        onPointerLeave={() => onCursor(null)}
      >
        <svg width={width} height={HEIGHT} aria-hidden="true">
          {y && <Frame x={x} y={y} width={width} />}
          {y && <Lines lines={lines} x={x} y={y} width={width} marks={props.marks ?? false} />}
          {y && stops.length > 0 && <Cursor lines={lines} x={x} y={y} at={at} format={format} width={width} />}
        </svg>
        {!y && <p className="chart-empty hint">Nothing measured yet.</p>}
      </div>
    </figure>
  );
}

function yAxis(lines: readonly ChartLine[], log: boolean, fromZero: boolean): Axis | null {
  const domain = domainOf(
    lines.map(({ ys }) => ys),
    log,
  );
  if (!domain) return null;
  const range = [HEIGHT - MARGIN.bottom, MARGIN.top] as const;
  if (log) return logAxis(domain, range);
  return linearAxis(fromZero ? [Math.min(0, domain[0]), Math.max(1, domain[1])] : domain, range);
}

interface LayerProps {
  x: Axis;
  y: Axis;
  width: number;
}

const Frame = memo(function Frame({ x, y, width }: LayerProps) {
  return (
    <g className="chart-frame">
      <ValueGrid axis={y} left={MARGIN.left} right={width - MARGIN.right} />
      {x.ticks.map(({ value, label }) => (
        <text
          key={value}
          x={x.place(value)}
          y={HEIGHT - 5}
          textAnchor={value === 0 ? 'start' : x.place(value) > width - 24 ? 'end' : 'middle'}
        >
          {label}
        </text>
      ))}
    </g>
  );
});

const Lines = memo(function Lines({ lines, x, y, width, marks }: LayerProps & { lines: readonly ChartLine[]; marks: boolean }) {
  return lines.map((line, i) => (
    <g key={i} data-line={line.slot}>
      <path className="chart-line" d={linePath(line, x, y, width)} strokeDasharray={DASHES[line.dash % DASHES.length]} />
      {marks &&
        Array.from({ length: line.xs.length }, (_, j) => (
          <circle key={j} className="chart-mark" cx={x.place(line.xs[j])} cy={y.place(line.ys[j])} r={2.2} />
        ))}
    </g>
  ));
});

interface CursorProps extends LayerProps {
  lines: readonly ChartLine[];
  at: number;
  format: (value: number) => string;
}

/** A line through the cursor, and where it meets the curves. With few curves also the values. */
function Cursor({ lines, x, y, at, format, width }: CursorProps) {
  const px = x.place(at);
  const points = lines.flatMap(({ xs, ys, slot }) => {
    const i = indexAt(xs, at);
    const py = i < 0 ? NaN : y.place(ys[i]);
    return Number.isNaN(py) ? [] : [{ slot, value: ys[i], py }];
  });
  const left = px > width - 60;
  return (
    <g className="chart-cursor">
      <line x1={px} x2={px} y1={MARGIN.top} y2={HEIGHT - MARGIN.bottom} />
      {points.map(({ slot, py }, i) => (
        <circle key={i} data-line={slot} cx={px} cy={py} r={3} />
      ))}
      {points.length === 1 && (
        <text x={px + (left ? -7 : 7)} y={Math.max(MARGIN.top + 10, points[0].py - 7)} textAnchor={left ? 'end' : 'start'}>
          {format(points[0].value)}
        </text>
      )}
    </g>
  );
}
