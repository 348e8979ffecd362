import { useMemo, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { domainOf, linearAxis, logAxis, type Axis } from './axes.ts';
import { moveCursor } from './keys.ts';
import { DASHES } from './LineChart.tsx';
import { useWidth } from './useWidth.ts';
import { ValueGrid } from './ValueGrid.tsx';

export interface ScatterPoint {
  x: number;
  y: number;
  slot: number;
  dash: number;
  /** Points of one group are joined, by rising x. */
  group: string;
  /** Drawn hollow. */
  hollow?: boolean;
}

export interface ScatterProps {
  title: string;
  xTitle: string;
  yTitle: string;
  points: readonly ScatterPoint[];
  describe: (index: number) => string;
  /** A point that was clicked, or Enter pressed at. */
  onChoose?: (index: number) => void;
}

const HEIGHT = 300;
const FIRST_WIDTH = 480;
const MARGIN = { left: 52, right: 14, top: 14, bottom: 38 };
/** A pointer this near means the point. */
const NEAR_PX = 28;

/** Points over a logarithmic x; arrows go from point to point. */
export function Scatter({ title, xTitle, yTitle, points, describe, onChoose }: ScatterProps) {
  const [plot, width] = useWidth<HTMLDivElement>(FIRST_WIDTH);
  const [chosen, setChosen] = useState<number | null>(null);
  const order = useMemo(() => points.map((_, i) => i).sort((a, b) => points[a].x - points[b].x || points[a].y - points[b].y), [points]);
  const axes = useMemo(() => axesOf(points, width), [points, width]);
  if (!axes) return null;
  const { x, y } = axes;
  const at = chosen !== null && chosen < points.length ? chosen : null;
  const nearestTo = (event: PointerEvent<Element>): number | null => {
    const box = event.currentTarget.getBoundingClientRect();
    const far = (i: number) =>
      Math.hypot(x.place(points[i].x) - (event.clientX - box.left), y.place(points[i].y) - (event.clientY - box.top));
    const best = order.reduce<number | null>((a, b) => (a === null || far(b) < far(a) ? b : a), null);
    return best !== null && far(best) <= NEAR_PX ? best : null;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && at !== null) return onChoose?.(at);
    const next = moveCursor(event.key, at === null ? -1 : order.indexOf(at), order.length);
    if (next === undefined) return;
    event.preventDefault();
    setChosen(order[Math.max(0, next)]);
  };
  return (
    <div
      ref={plot}
      className="chart-plot scatter"
      role="slider"
      tabIndex={0}
      aria-label={title}
      aria-valuemin={0}
      aria-valuemax={points.length - 1}
      aria-valuenow={at === null ? 0 : order.indexOf(at)}
      aria-valuetext={describe(at ?? order[0])}
      onKeyDown={onKeyDown}
      onFocus={() => chosen === null && setChosen(order[0])}
      onBlur={() => setChosen(null)}
      onPointerMove={(e) => setChosen(nearestTo(e))}
      onPointerLeave={() => setChosen(null)}
      onClick={() => at !== null && onChoose?.(at)}
    >
      <svg width={width} height={HEIGHT} aria-hidden="true">
        <g className="chart-frame">
          <ValueGrid axis={y} left={MARGIN.left} right={width - MARGIN.right} />
          {x.ticks.map(({ value, label }) => (
            <text key={value} x={x.place(value)} y={HEIGHT - 22} textAnchor="middle">
              {label}
            </text>
          ))}
          <text className="chart-axis" x={width - MARGIN.right} y={HEIGHT - 5} textAnchor="end">
            {xTitle}
          </text>
          <text className="chart-axis" x={2} y={9}>
            {yTitle}
          </text>
        </g>
        {joined(points, order).map(({ group, slot, dash, indices }) => (
          <path
            key={group}
            data-line={slot}
            className="chart-line"
            strokeDasharray={DASHES[dash % DASHES.length]}
            d={indices
              .map((i, n) => `${n === 0 ? 'M' : 'L'}${x.place(points[i].x).toFixed(1)},${y.place(points[i].y).toFixed(1)}`)
              .join('')}
          />
        ))}
        {points.map((point, i) => (
          <circle
            key={i}
            data-line={point.slot}
            className={`chart-point${point.hollow ? ' is-hollow' : ''}${i === at ? ' is-chosen' : ''}`}
            cx={x.place(point.x)}
            cy={y.place(point.y)}
            r={i === at ? 6.5 : 4.5}
          />
        ))}
      </svg>
      <p className="scatter-words" aria-hidden="true">
        {at === null ? 'Point at a dictionary, or use the arrow keys.' : describe(at)}
      </p>
    </div>
  );
}

function axesOf(points: readonly ScatterPoint[], width: number): { x: Axis; y: Axis } | null {
  const xs = domainOf([points.map((p) => p.x)], true);
  const ys = domainOf([points.map((p) => p.y)]);
  if (!xs || !ys) return null;
  const room = (ys[1] - ys[0]) * 0.08 || 0.05;
  return {
    x: logAxis([xs[0] / 1.15, xs[1] * 1.15], [MARGIN.left, width - MARGIN.right]),
    y: linearAxis([ys[0] - room, ys[1] + room], [HEIGHT - MARGIN.bottom, MARGIN.top], 5),
  };
}

function joined(points: readonly ScatterPoint[], order: readonly number[]) {
  const groups = new Map<string, number[]>();
  for (const i of order) groups.set(points[i].group, [...(groups.get(points[i].group) ?? []), i]);
  return [...groups]
    .filter(([, indices]) => indices.length > 1)
    .map(([group, indices]) => ({ group, slot: points[indices[0]].slot, dash: points[indices[0]].dash, indices }));
}
