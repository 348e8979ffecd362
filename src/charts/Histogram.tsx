import { useState, type KeyboardEvent, type PointerEvent } from 'react';
import { linearAxis } from './axes.ts';
import { moveCursor } from './keys.ts';
import { DASHES } from './LineChart.tsx';
import { stepPath } from './lines.ts';
import { useWidth } from './useWidth.ts';
import { ValueGrid } from './ValueGrid.tsx';

export interface HistogramProps {
  title: string;
  formula: string;
  /** One for each bin. */
  labels: readonly string[];
  series: readonly { counts: readonly number[]; slot: number; dash: number }[];
  /** "0.3 % to 1 % of tokens: α 0.004 120; …" */
  describe: (bin: number) => string;
}

const HEIGHT = 150;
const FIRST_WIDTH = 320;
const MARGIN = { left: 46, right: 8, top: 8, bottom: 20 };
/** Narrower labels touch. */
const LABEL_PX = 42;

/** Counts in bins as outlines, several over each other. */
export function Histogram({ title, formula, labels, series, describe }: HistogramProps) {
  const [plot, width] = useWidth<HTMLDivElement>(FIRST_WIDTH);
  const [bin, setBin] = useState<number | null>(null);
  const n = labels.length;
  const x = linearAxis([0, n], [MARGIN.left, width - MARGIN.right]);
  const top = Math.max(1, ...series.flatMap(({ counts }) => counts));
  const y = linearAxis([0, top], [HEIGHT - MARGIN.bottom, MARGIN.top]);
  const every = Math.max(1, Math.ceil((n * LABEL_PX) / (width - MARGIN.left - MARGIN.right)));
  const at = bin ?? 0;
  const onPointer = (event: PointerEvent<Element>) => {
    const box = event.currentTarget.getBoundingClientRect();
    setBin(Math.max(0, Math.min(n - 1, Math.floor(x.value(event.clientX - box.left)))));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const next = moveCursor(event.key, at, n);
    if (next === undefined) return;
    event.preventDefault();
    setBin(next);
  };
  return (
    <figure className="chart">
      <figcaption title={formula}>
        <span className="chart-title">{title}</span>
        <span className="chart-formula">{bin === null ? formula : describe(bin)}</span>
      </figcaption>
      <div
        ref={plot}
        className="chart-plot"
        role="slider"
        tabIndex={0}
        aria-label={title}
        aria-valuemin={0}
        aria-valuemax={n - 1}
        aria-valuenow={at}
        aria-valuetext={series.length > 0 ? describe(at) : 'not counted yet'}
        onKeyDown={onKeyDown}
        onBlur={() => setBin(null)}
        onPointerMove={onPointer}
        onPointerDown={onPointer}
        onPointerLeave={() => setBin(null)}
      >
        <svg width={width} height={HEIGHT} aria-hidden="true">
          <g className="chart-frame">
            {series.length > 0 && <ValueGrid axis={y} left={MARGIN.left} right={width - MARGIN.right} />}
            {labels.map(
              (label, i) =>
                i % every === 0 && (
                  <text key={label} x={x.place(i + 0.5)} y={HEIGHT - 5} textAnchor="middle">
                    {label}
                  </text>
                ),
            )}
          </g>
          {bin !== null && (
            <rect
              className="chart-bin"
              x={x.place(bin)}
              width={x.place(1) - x.place(0)}
              y={MARGIN.top}
              height={HEIGHT - MARGIN.top - MARGIN.bottom}
            />
          )}
          {series.map(({ counts, slot, dash }, i) => (
            <g key={i} data-line={slot}>
              <path className="chart-line" d={stepPath(counts, x.place, y.place)} strokeDasharray={DASHES[dash % DASHES.length]} />
            </g>
          ))}
        </svg>
        {series.length === 0 && <p className="chart-empty hint">Nothing counted yet.</p>}
      </div>
    </figure>
  );
}
