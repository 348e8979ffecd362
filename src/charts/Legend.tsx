import type { ColourScale } from './scales.ts';

/** The colour scale with its numbers. */
export function Legend({ scale, caption }: { scale: ColourScale; caption: string }) {
  return (
    <figure className="legend">
      <div className="legend-scale">
        <div className="legend-ramp" />
        <div className="legend-ticks">
          {scale.ticks.map((tick) => (
            <span key={tick.label} style={{ left: `${tick.share * 100}%` }}>
              {tick.label}
            </span>
          ))}
        </div>
      </div>
      <figcaption>{caption}</figcaption>
    </figure>
  );
}
