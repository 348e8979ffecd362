import { useMemo, type CSSProperties } from 'react';
import { layoutBars } from './bars.ts';

interface TokenBarsProps {
  /** One bar each; the tallest fills the height. */
  values: ArrayLike<number>;
  height?: number;
}

const HEIGHT_PX = 20;

/** More than this in a table row are lost on the eye. */
export const MAX_BARS = 240;

/**
 * For a parent of TokenBars: marks one token behind the bars. Inherited, so that moving the mark
 * redraws no bars.
 */
export function markToken(position: number, count: number): CSSProperties {
  const at = count > 1 ? (100 * position) / (count - 1) : 0;
  return { '--mark-width': `${100 / Math.max(1, count)}%`, '--mark-at': `${at}%` } as CSSProperties;
}

/** Bars in token order, small enough for a table row. A picture only: the numbers stand beside it. */
export function TokenBars({ values, height = HEIGHT_PX }: TokenBarsProps) {
  const bars = useMemo(() => layoutBars(values, height), [values, height]);
  const count = Math.max(1, values.length);
  return (
    <svg className="token-bars" viewBox={`0 0 ${count} ${height}`} preserveAspectRatio="none" height={height} aria-hidden="true">
      <path className="token-bars-ink" d={bars.positive} />
      <line className="bar-zero" x1={0} x2={count} y1={height} y2={height} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
