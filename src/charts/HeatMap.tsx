import { useEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { heatPixels, labelStep } from './layout.ts';

export interface HeatMapProps {
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

const LABEL_PX = 13;
const LABEL_CHARACTERS = 9;

/** Attention of one head as a picture; arrows move a cell, a click chooses one. */
export function HeatMap({ values, labels: names, row, column, onCell, onHover, describe }: HeatMapProps) {
  const n = names.length;
  const [side, setSide] = useState(360);
  const plot = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!plot.current) return;
    const observer = new ResizeObserver(([entry]) => setSide(entry.contentRect.width));
    observer.observe(plot.current);
    return () => observer.disconnect();
  }, []);
  const cellAt = (event: PointerEvent<Element>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const place = (at: number, size: number) => Math.max(0, Math.min(n - 1, Math.floor((at / size) * n)));
    return { row: place(event.clientY - box.top, box.height), column: place(event.clientX - box.left, box.width) };
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, [number, number]> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
      Home: [0, -n],
      End: [0, n],
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    const within = (x: number) => Math.max(0, Math.min(n - 1, x));
    onCell(within(row + move[0]), within(column + move[1]));
  };
  const step = labelStep(n, side, LABEL_PX);
  const labels = names.map((name, i) => ({ i, text: shortLabel(name) }));
  // The chosen row and column always have theirs, and the neighbours give way.
  const labelled = (chosen: number) => labels.filter(({ i }) => i === chosen || (i % step === 0 && Math.abs(i - chosen) >= step));
  return (
    <div className="heat">
      <div className="heat-rows" aria-hidden="true">
        {labelled(row).map(({ i, text }) => (
          <span key={i} className={i === row ? 'is-chosen' : undefined} style={{ top: `${((i + 0.5) / n) * 100}%` }}>
            {text}
          </span>
        ))}
      </div>
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
      <div className="heat-columns" aria-hidden="true">
        {labelled(column).map(({ i, text }) => (
          <span key={i} className={i === column ? 'is-chosen' : undefined} style={{ left: `${((i + 0.5) / n) * 100}%` }}>
            {text}
          </span>
        ))}
      </div>
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
