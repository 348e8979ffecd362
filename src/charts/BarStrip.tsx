import { useMemo, type PointerEvent } from 'react';
import { formatNumber } from './format.ts';
import { extent, layoutBars } from './bars.ts';
import { ReadingArea } from './ReadingArea.tsx';

interface BarStripProps {
  values: ArrayLike<number>;
  label: string;
  /** The bar the keyboard is at. */
  cursor: number;
  onCursor: (index: number) => void;
  /** Passing pointer; null when it leaves. */
  onHover?: (index: number | null) => void;
  /** "position 3, the: 12.3" */
  describe: (index: number) => string;
  height?: number;
}

const HEIGHT_PX = 72;

/** A row of bars about zero that is also a slider: arrows move the cursor, a click sets it. */
export function BarStrip({ values, label, cursor, onCursor, onHover, describe, height = HEIGHT_PX }: BarStripProps) {
  const bars = useMemo(() => layoutBars(values, height), [values, height]);
  const { min, max } = useMemo(() => extent(values), [values]);
  const count = values.length;
  const indexAt = (event: PointerEvent<Element>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.max(0, Math.min(count - 1, Math.floor(((event.clientX - box.left) / box.width) * count)));
  };
  return (
    <div className="bar-strip">
      <ReadingArea
        className="bar-strip-plot"
        label={label}
        count={count}
        at={cursor}
        words={count > 0 ? describe(cursor) : 'no values'}
        onMove={(at) => at !== null && onCursor(at)}
        onPointerDown={(e) => onCursor(indexAt(e))}
        onPointerMove={(e) => onHover?.(indexAt(e))}
        onPointerLeave={() => onHover?.(null)}
      >
        <svg viewBox={`0 0 ${Math.max(1, count)} ${height}`} preserveAspectRatio="none" height={height} aria-hidden="true">
          <rect className="bar-cursor" x={cursor} width={1} y={0} height={height} />
          <path className="bar-positive" d={bars.positive} />
          <path className="bar-negative" d={bars.negative} />
          <line className="bar-zero" x1={0} x2={count} y1={bars.zero} y2={bars.zero} vectorEffect="non-scaling-stroke" />
        </svg>
        <span className="bar-caret" style={{ left: `${((cursor + 0.5) / Math.max(1, count)) * 100}%` }} aria-hidden="true" />
      </ReadingArea>
      <div className="bar-scale" aria-hidden="true">
        <span>{formatNumber(max)}</span>
        <span>{formatNumber(min)}</span>
      </div>
    </div>
  );
}
