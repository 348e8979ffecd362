/** Points over x, logarithmic unless said otherwise; arrows go from point to point, by rising x. */
import { useCallback, useMemo, useState } from 'react';
import { groups, least } from 'd3-array';
import { line } from 'd3-shape';
import { domainOf, linearAxis, logAxis, type Axis } from './axes.ts';
import { Frame, type Box, type Plot } from './Frame.tsx';
import { dashOf } from './lines.ts';
import type { ChartTable } from './TableTwin.tsx';

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

interface ScatterProps {
  title: string;
  xTitle: string;
  yTitle: string;
  points: readonly ScatterPoint[];
  /** x from 0 on, in equal steps. */
  linear?: boolean;
  /** What a point is: 'a dictionary'. */
  noun?: string;
  describe: (index: number) => string;
  table: () => ChartTable;
  /** A point that was clicked, or Enter pressed at. */
  onChoose?: (index: number) => void;
}

const SIZE = { height: 300, first: 480, margin: { left: 52, right: 14, top: 14, bottom: 38 } };
/** A pointer this near means the point. */
const NEAR_PX = 28;

export function Scatter({ title, xTitle, yTitle, points, linear = false, noun = 'a dictionary', describe, table, onChoose }: ScatterProps) {
  const [chosen, setChosen] = useState<number | null>(null);
  const order = useMemo(() => points.map((_, i) => i).sort((a, b) => points[a].x - points[b].x || points[a].y - points[b].y), [points]);
  const axes = useCallback((box: Box) => axesOf(points, linear, box), [points, linear]);
  const at = chosen !== null && chosen < points.length ? chosen : null;
  if (points.length === 0) return null;
  return (
    <Frame
      title={title}
      size={SIZE}
      axes={axes}
      empty="Nothing measured yet."
      xTitle={xTitle}
      yTitle={yTitle}
      count={order.length}
      at={at === null ? -1 : order.indexOf(at)}
      nearest={(plot, px, py) => nearestPoint(plot, points, order, px, py)}
      describe={(place) => describe(order[place])}
      onRead={(place) => setChosen(place === null ? null : order[place])}
      onFocus={() => chosen === null && setChosen(order[0])}
      forget
      onChoose={() => at !== null && onChoose?.(at)}
      words={at === null ? `Point at ${noun}, or use the arrow keys.` : describe(at)}
      table={table}
    >
      {(plot) => <Points {...plot} points={points} order={order} at={at} />}
    </Frame>
  );
}

/** @returns its place in `order`, or null when none is near */
function nearestPoint({ x, y }: Plot, points: readonly ScatterPoint[], order: readonly number[], px: number, py: number): number | null {
  const far = (i: number) => Math.hypot(x.place(points[i].x) - px, y.place(points[i].y) - py);
  const best = least(order, far);
  return best !== undefined && far(best) <= NEAR_PX ? order.indexOf(best) : null;
}

function axesOf(points: readonly ScatterPoint[], linear: boolean, box: Box): { x: Axis; y: Axis } | null {
  const xs = domainOf([points.map((p) => p.x)], !linear);
  const ys = domainOf([points.map((p) => p.y)]);
  if (!xs || !ys) return null;
  const room = (ys[1] - ys[0]) * 0.08 || 0.05;
  const across = [box.left, box.width - box.right] as const;
  return {
    x: linear ? linearAxis([Math.min(0, xs[0]), xs[1] * 1.05 || 1], across, 5) : logAxis([xs[0] / 1.15, xs[1] * 1.15], across),
    y: linearAxis([ys[0] - room, ys[1] + room], [box.height - box.bottom, box.top], 5),
  };
}

interface PointsProps extends Plot {
  points: readonly ScatterPoint[];
  order: readonly number[];
  at: number | null;
}

function Points({ points, order, at, x, y }: PointsProps) {
  const path = line<number>(
    (i) => x.place(points[i].x),
    (i) => y.place(points[i].y),
  ).digits(1);
  const joined = groups(order, (i) => points[i].group).filter(([, indices]) => indices.length > 1);
  return (
    <>
      {joined.map(([group, indices]) => (
        <path
          key={group}
          data-line={points[indices[0]].slot}
          className="chart-line"
          strokeDasharray={dashOf(points[indices[0]].dash)}
          d={path(indices) ?? ''}
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
    </>
  );
}
