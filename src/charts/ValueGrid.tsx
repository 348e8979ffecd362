import type { Axis } from './axes.ts';

/** Lines across a plot at the values of its upright axis, and what they stand for. @param left, right of the lines, pixels */
export function ValueGrid({ axis, left, right }: { axis: Axis; left: number; right: number }) {
  return axis.ticks.map(({ value, label }) => (
    <g key={value} transform={`translate(0,${axis.place(value).toFixed(1)})`}>
      <line x1={left} x2={right} />
      <text x={left - 6} dy="0.32em" textAnchor="end">
        {label}
      </text>
    </g>
  ));
}
