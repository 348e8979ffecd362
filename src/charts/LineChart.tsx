/** Lines over a common x, with a cursor that pointer and arrow keys move, and a stretch of x that is brushed to see it closer. */
import { memo, useCallback, useMemo } from 'react';
import { domainOf, linearAxis, logAxis, type Axis, type Domain } from './axes.ts';
import { Frame, type Box, type Plot } from './Frame.tsx';
import { between, dashOf, indexAt, linePath, nearest, type Curve } from './lines.ts';
import type { ChartTable } from './TableTwin.tsx';
import { stretch, zoomByKey } from './zoom.ts';
import { ZoomBrush } from './ZoomBrush.tsx';

export interface ChartLine extends Curve {
  name: string;
  /** Which of the colours, and which of the dashes. */
  slot: number;
  dash: number;
}

interface LineChartProps {
  title: string;
  /** What is drawn, exactly. */
  formula: string;
  lines: readonly ChartLine[];
  /** Of x: the whole run, or what was brushed of it. */
  domain: Domain;
  /** Of x, where the whole run ends. */
  end: number;
  /** Of x, in words: 'tokens'. */
  xName: string;
  log?: boolean;
  /** Of counts: 0 is on the axis, and at least 1. */
  fromZero?: boolean;
  /** Few values: each is marked. */
  marks?: boolean;
  /** x that all charts point at; null follows the last. */
  cursor: number | null;
  onCursor: (x: number | null) => void;
  /** A stretch was brushed; null: all of it again. */
  onZoom?: (domain: Domain | null) => void;
  /** x where the keyboard stops. */
  stops: ArrayLike<number>;
  format: (value: number) => string;
  formatX: (value: number) => string;
  /** "120 k tokens: α 0.004 0.31; …" */
  describe: (x: number) => string;
}

/** Stops are many; a key moves over a part of the picture that is seen to move. */
const KEY_STEPS = 200;
const TABLE_ROWS = 40;
/** About the room of a mark on x. */
const TICK_PX = 90;
/** Fewer stops than this are not worth a closer look. */
const LEAST_STOPS = 4;

export function LineChart(props: LineChartProps) {
  const { title, formula, lines, domain, log = false, fromZero = false, cursor, onCursor, onZoom, stops, format, describe } = props;
  const seen = useMemo(() => lines.map((line) => between(line, domain)), [lines, domain]);
  const axes = useCallback((box: Box) => axesOf(seen, domain, log, fromZero, box), [seen, domain, log, fromZero]);
  const last = stops.length - 1;
  const at = cursor ?? stops[last] ?? 0;
  const zoom = { domain, end: props.end, least: (LEAST_STOPS * (stops[last] ?? props.end)) / Math.max(1, stops.length) };
  return (
    <Frame
      title={title}
      formula={formula}
      axes={axes}
      empty="Nothing measured yet."
      count={stops.length}
      at={Math.max(0, nearest(stops, at))}
      by={Math.max(1, Math.round(stops.length / KEY_STEPS))}
      nearest={({ x }, px) => (stops.length > 0 ? nearest(stops, x.value(px)) : null)}
      describe={() => describe(at)}
      onKey={(key) => {
        const to = onZoom && zoomByKey(key, at, zoom);
        if (to !== undefined) onZoom?.(to);
        return to !== undefined;
      }}
      onRead={(stop) => onCursor(stop === null || stop === last ? null : stops[stop])}
      table={() => lineTable(props)}
      overlay={(plot) => (
        <>
          {stops.length > 0 && <Cursor {...plot} lines={lines} at={at} format={format} />}
          {onZoom && <ZoomBrush plot={plot} onZoom={(to) => onZoom(to && stretch(to[0], to[1], zoom))} />}
        </>
      )}
    >
      {({ x, y, box }) => <Lines lines={seen} x={x} y={y} width={box.width} marks={props.marks ?? false} />}
    </Frame>
  );
}

/** @param lines what is seen of them: room is made for that alone */
function axesOf(lines: readonly ChartLine[], domain: Domain, log: boolean, fromZero: boolean, box: Box): { x: Axis; y: Axis } | null {
  const values = domainOf(
    lines.map(({ ys }) => ys),
    log,
  );
  if (!values) return null;
  const x = linearAxis(domain, [box.left, box.width - box.right], Math.max(2, Math.floor(box.width / TICK_PX)));
  const range = [box.height - box.bottom, box.top] as const;
  if (log) return { x, y: logAxis(values, range) };
  return { x, y: linearAxis(fromZero ? [Math.min(0, values[0]), Math.max(1, values[1])] : values, range) };
}

/** At most 40 of the stops inside the domain, evenly over it, the last among them. */
export function lineTable(o: Pick<LineChartProps, 'lines' | 'domain' | 'stops' | 'format' | 'formatX' | 'xName'>): ChartTable {
  const { lines, domain, stops, format, formatX, xName } = o;
  const inside = Array.from(stops).filter((x) => x >= domain[0] && x <= domain[1]);
  const every = Math.max(1, Math.ceil(inside.length / TABLE_ROWS));
  const shown = inside.filter((_, i) => (inside.length - 1 - i) % every === 0);
  const valueOf = ({ xs, ys }: ChartLine, x: number) => {
    const i = indexAt(xs, x);
    return i < 0 ? '–' : format(ys[i]);
  };
  return {
    columns: [xName, ...lines.map(({ name }) => name)],
    rows: shown.map((x) => [formatX(x), ...lines.map((line) => valueOf(line, x))]),
    ...(every > 1 && { note: `One of every ${every} steps.` }),
  };
}

interface LinesProps {
  lines: readonly ChartLine[];
  x: Axis;
  y: Axis;
  width: number;
  marks: boolean;
}

const Lines = memo(function Lines({ lines, x, y, width, marks }: LinesProps) {
  return lines.map((line, i) => (
    <g key={i} data-line={line.slot}>
      <path className="chart-line" d={linePath(line, x, y, width)} strokeDasharray={dashOf(line.dash)} />
      {marks &&
        Array.from({ length: line.xs.length }, (_, j) => (
          <circle key={j} className="chart-mark" cx={x.place(line.xs[j])} cy={y.place(line.ys[j])} r={2.2} />
        ))}
    </g>
  ));
});

interface CursorProps extends Plot {
  lines: readonly ChartLine[];
  at: number;
  format: (value: number) => string;
}

/** A line through the cursor, and where it meets the curves. With few curves also the values. */
function Cursor({ lines, x, y, box, at, format }: CursorProps) {
  const px = x.place(at);
  // Brushed away.
  if (px < box.left - 1 || px > box.width - box.right + 1) return null;
  const points = lines.flatMap(({ xs, ys, slot }) => {
    const i = indexAt(xs, at);
    const py = i < 0 ? NaN : y.place(ys[i]);
    return Number.isNaN(py) ? [] : [{ slot, value: ys[i], py }];
  });
  const left = px > box.width - 60;
  return (
    <g className="chart-cursor">
      <line x1={px} x2={px} y1={box.top} y2={box.height - box.bottom} />
      {points.map(({ slot, py }, i) => (
        <circle key={i} data-line={slot} cx={px} cy={py} r={3} />
      ))}
      {points.length === 1 && (
        <text x={px + (left ? -7 : 7)} y={Math.max(box.top + 10, points[0].py - 7)} textAnchor={left ? 'end' : 'start'}>
          {format(points[0].value)}
        </text>
      )}
    </g>
  );
}
