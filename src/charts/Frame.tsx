/**
 * What all charts share: a caption, room for axes, a width that follows the page, grid and marks, reading by keyboard
 * and pointer, words where there is nothing to draw, and the same numbers as a table.
 *
 * A new chart is one file: a pure function from its data to shapes (tested by value), and a component that gives
 * `Frame` its axes, its places to read (`count`, `at`, `nearest`, `describe`), its `table`, and as children the shapes.
 * The screen that wants it imports that component; nothing else changes.
 */
import './frame.css';
import { useId, useMemo, type PointerEvent, type ReactNode } from 'react';
import type { Axis } from './axes.ts';
import { ReadingArea } from './ReadingArea.tsx';
import { TableTwin, type ChartTable } from './TableTwin.tsx';
import { useWidth } from './useWidth.ts';

/** Room in pixels. */
export interface Box {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

interface Axes {
  x: Axis;
  y: Axis;
}

export interface Plot extends Axes {
  box: Box;
}

interface FrameProps {
  title: string;
  /** What is drawn, exactly; absent where a title stands above the chart already. */
  formula?: string;
  /** What stands in place of the formula while a place is read. */
  reading?: string;
  size?: { height: number; first: number; margin: Pick<Box, 'left' | 'right' | 'top' | 'bottom'> };
  /** null: there is nothing to draw. */
  axes: (box: Box) => Axes | null;
  empty: string;
  xTitle?: string;
  yTitle?: string;
  /** Places to read at, and which is read. */
  count: number;
  at: number;
  /** Keys go over so many places at once. */
  by?: number;
  /** The place next to a pixel, null when none is near. */
  nearest: (plot: Plot, px: number, py: number) => number | null;
  describe: (at: number) => string;
  /** null: nothing is read any more. */
  onRead: (at: number | null) => void;
  onChoose?: () => void;
  /** Any other key, and Escape; true when it meant something. */
  onKey?: (key: string) => boolean;
  onFocus?: () => void;
  /** Leaving by key forgets the place, as leaving with the pointer does. */
  forget?: boolean;
  table: () => ChartTable;
  /** Drawn below the plot: what is read, or how to. */
  words?: string;
  /** Above the drawing, in its own layer. */
  overlay?: (plot: Plot) => ReactNode;
  children: (plot: Plot) => ReactNode;
}

const SMALL = { height: 150, first: 320, margin: { left: 46, right: 8, top: 8, bottom: 20 } };

export function Frame(props: FrameProps) {
  const { title, formula, reading, size = SMALL, axes: axesOf, empty, count, at, describe, words, table } = props;
  const [area, width] = useWidth<HTMLDivElement>(size.first);
  const box = useMemo<Box>(() => ({ width, height: size.height, ...size.margin }), [width, size]);
  const axes = useMemo(() => axesOf(box), [axesOf, box]);
  const plot = axes && { ...axes, box };
  const onPointer = (event: PointerEvent<Element>) => {
    if (!plot) return;
    const { left, top } = event.currentTarget.getBoundingClientRect();
    props.onRead(props.nearest(plot, event.clientX - left, event.clientY - top));
  };
  return (
    <figure className="chart">
      {formula !== undefined && <Caption title={title} formula={formula} shown={reading ?? formula} />}
      <ReadingArea
        ref={area}
        className="chart-plot"
        label={title}
        count={count}
        at={at}
        by={props.by}
        words={count > 0 && plot ? describe(Math.max(0, at)) : empty}
        onMove={props.onRead}
        onChoose={props.onChoose}
        onKey={props.onKey}
        onFocus={props.onFocus}
        onBlur={props.forget ? () => props.onRead(null) : undefined}
        onPointerMove={onPointer}
        onPointerDown={onPointer}
        onPointerLeave={() => props.onRead(null)}
        onClick={props.onChoose}
      >
        <svg width={width} height={size.height} aria-hidden="true">
          {plot && <Grid {...plot} xTitle={props.xTitle} yTitle={props.yTitle} />}
          {plot && <Clipped box={box}>{props.children(plot)}</Clipped>}
          {plot && props.overlay?.(plot)}
        </svg>
        {!plot && <p className="chart-empty hint">{empty}</p>}
      </ReadingArea>
      {words !== undefined && (
        <p className="chart-words" aria-hidden="true">
          {words}
        </p>
      )}
      {plot && <TableTwin title={title} table={table} />}
    </figure>
  );
}

/** Marks at the edge are whole. */
const EDGE_PX = 4;

/** Shapes end where the axes do: of a stretch seen closer the rest lies beyond them. */
function Clipped({ box, children }: { box: Box; children: ReactNode }) {
  const id = useId();
  const { width, height, left, right, top, bottom } = box;
  return (
    <>
      <clipPath id={id}>
        <rect
          x={left - EDGE_PX}
          y={top - EDGE_PX}
          width={Math.max(0, width - left - right + 2 * EDGE_PX)}
          height={height - top - bottom + 2 * EDGE_PX}
        />
      </clipPath>
      <g clipPath={`url(#${id})`}>{children}</g>
    </>
  );
}

function Caption({ title, formula, shown }: { title: string; formula: string; shown: string }) {
  return (
    <figcaption title={formula}>
      <span className="chart-title" tabIndex={-1}>
        {title}
      </span>
      <span className="chart-formula">{shown}</span>
    </figcaption>
  );
}

/** Lines at the values of the upright axis, marks below, and what the axes are. */
function Grid({ x, y, box, xTitle, yTitle }: Plot & { xTitle?: string; yTitle?: string }) {
  const { width, height, left, right, bottom } = box;
  const below = height - bottom + 15;
  return (
    <g className="chart-frame">
      {y.ticks.map(({ value, label }) => (
        <g key={value} transform={`translate(0,${y.place(value).toFixed(1)})`}>
          <line x1={left} x2={width - right} />
          <text x={left - 6} dy="0.32em" textAnchor="end">
            {label}
          </text>
        </g>
      ))}
      {x.ticks.map(({ value, label }) => (
        <text key={value} x={x.place(value)} y={below} textAnchor={anchorAt(x.place(value), label, box)}>
          {label}
        </text>
      ))}
      {xTitle && (
        <text className="chart-axis" x={width - right} y={height - 5} textAnchor="end">
          {xTitle}
        </text>
      )}
      {yTitle && (
        <text className="chart-axis" x={2} y={9}>
          {yTitle}
        </text>
      )}
    </g>
  );
}

/** About half the width of a letter of a label. */
const HALF_LETTER_PX = 3;

/** Labels at the ends do not run over them. */
function anchorAt(px: number, label: string, { left, width }: Box): 'start' | 'middle' | 'end' {
  if (px <= left + 1) return 'start';
  return px + label.length * HALF_LETTER_PX > width ? 'end' : 'middle';
}
