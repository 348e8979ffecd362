import { useEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { heatPixels, labelStep } from './heat.ts';
import { useWidth } from './useWidth.ts';

interface HeatMapProps {
  /** n × n, rows attend to columns. */
  values: Float32Array;
  /** One label per token. */
  labels: readonly string[];
  row: number;
  column: number;
  onCell: (row: number, column: number) => void;
  onHover?: (cell: { row: number; column: number } | null) => void;
  describe: (row: number, column: number) => string;
}

const FIRST_SIDE = 360;
const LABEL_PX = 13;
const LABEL_CHARACTERS = 9;

/** Attention of one head as a picture; arrows move a cell, a click chooses one. */
export function HeatMap({ values, labels, row, column, onCell, onHover, describe }: HeatMapProps) {
  const n = labels.length;
  const [plot, side] = useWidth<HTMLDivElement>(FIRST_SIDE);
  const cellAt = (event: PointerEvent<Element>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const place = (at: number, size: number) => Math.max(0, Math.min(n - 1, Math.floor((at / size) * n)));
    return { row: place(event.clientY - box.top, box.height), column: place(event.clientX - box.left, box.width) };
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const cell = moveCell(event.key, { row, column }, n);
    if (!cell) return;
    event.preventDefault();
    onCell(cell.row, cell.column);
  };
  const step = labelStep(n, side, LABEL_PX);
  return (
    <div className="heat">
      <HeatLabels className="heat-rows" edge="top" names={labels} chosen={row} step={step} />
      <div
        ref={plot}
        className="heat-plot"
        role="application"
        aria-roledescription="heat map"
        tabIndex={0}
        aria-label={`Attention, ${n} by ${n}. Arrow keys move. ${describe(row, column)}`}
        onKeyDown={onKeyDown}
        onPointerDown={(e) => {
          const cell = cellAt(e);
          onCell(cell.row, cell.column);
        }}
        onPointerMove={(e) => onHover?.(cellAt(e))}
        onPointerLeave={() => onHover?.(null)}
      >
        <HeatCanvas values={values} n={n} />
        <span className="heat-row" style={{ top: `${(row / n) * 100}%`, height: `${100 / n}%` }} aria-hidden="true" />
        <span
          className="heat-cell"
          style={{ top: `${(row / n) * 100}%`, left: `${(column / n) * 100}%`, width: `${100 / n}%`, height: `${100 / n}%` }}
          aria-hidden="true"
        />
      </div>
      <HeatLabels className="heat-columns" edge="left" names={labels} chosen={column} step={step} />
    </div>
  );
}

interface Cell {
  row: number;
  column: number;
}

const MOVES: Record<string, (cell: Cell, n: number) => Cell> = {
  ArrowUp: ({ row, column }) => ({ row: row - 1, column }),
  ArrowDown: ({ row, column }) => ({ row: row + 1, column }),
  ArrowLeft: ({ row, column }) => ({ row, column: column - 1 }),
  ArrowRight: ({ row, column }) => ({ row, column: column + 1 }),
  Home: ({ row }) => ({ row, column: 0 }),
  End: ({ row }, n) => ({ row, column: n - 1 }),
};

/** Where a key goes from a cell of n × n; undefined for other keys. */
function moveCell(key: string, cell: Cell, n: number): Cell | undefined {
  const next = MOVES[key]?.(cell, n);
  const within = (x: number) => Math.max(0, Math.min(n - 1, x));
  return next && { row: within(next.row), column: within(next.column) };
}

interface HeatLabelsProps {
  className: string;
  edge: 'top' | 'left';
  names: readonly string[];
  chosen: number;
  step: number;
}

/** Every so many a label; the chosen one always has its own, and the neighbours give way. */
function HeatLabels({ className, edge, names, chosen, step }: HeatLabelsProps) {
  const shown = (i: number) => i === chosen || (i % step === 0 && Math.abs(i - chosen) >= step);
  return (
    <div className={className} aria-hidden="true">
      {names.map(
        (name, i) =>
          shown(i) && (
            <span key={i} className={i === chosen ? 'is-chosen' : undefined} style={{ [edge]: `${((i + 0.5) / names.length) * 100}%` }}>
              {shortLabel(name)}
            </span>
          ),
      )}
    </div>
  );
}

function shortLabel(text: string): string {
  return text.length > LABEL_CHARACTERS ? `${text.slice(0, LABEL_CHARACTERS - 1)}…` : text;
}

/** The bare picture, also used small to choose a head. */
export function HeatCanvas({ values, n }: { values: Float32Array; n: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const ink = useInk(canvas);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || n === 0) return;
    context.putImageData(new ImageData(heatPixels(values, ink, 1), n, n), 0, 0);
  }, [values, n, ink]);
  return <canvas ref={canvas} className="heat-canvas" width={Math.max(1, n)} height={Math.max(1, n)} aria-hidden="true" />;
}

/** The colour CSS gives the canvas, followed when the theme changes. */
function useInk(canvas: React.RefObject<HTMLCanvasElement | null>): readonly [number, number, number] {
  const [ink, setInk] = useState<readonly [number, number, number]>([176, 82, 12]);
  useEffect(() => {
    const read = () => {
      const numbers = canvas.current && getComputedStyle(canvas.current).color.match(/\d+(\.\d+)?/g);
      if (numbers && numbers.length >= 3) setInk([Number(numbers[0]), Number(numbers[1]), Number(numbers[2])]);
    };
    read();
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const observer = new MutationObserver(read);
    scheme.addEventListener('change', read);
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    return () => {
      scheme.removeEventListener('change', read);
      observer.disconnect();
    };
  }, [canvas]);
  return ink;
}
