import { useMemo } from 'react';
import { formatInteger } from '../../charts/format.ts';
import { Histogram } from '../../charts/Histogram.tsx';
import { densityHistogram } from '../../state/shared/densityHistogram.ts';

/** How many features fire how often, as a picture and as a table. */
export function DensityPicture({ density }: { density: Float32Array }) {
  const { bins, dead } = useMemo(() => densityHistogram(density), [density]);
  const labels = useMemo(() => bins.map(({ label }) => label), [bins]);
  const series = useMemo(() => [{ name: 'Features', counts: bins.map(({ count }) => count), slot: 0, dash: 0 }], [bins]);
  return (
    <>
      <Histogram
        title="How often features fire"
        formula="features by share of tokens, steps of √10"
        binName="Share of tokens, at most"
        labels={labels}
        series={series}
        describe={(bin) => `on at most ${labels[bin]} of tokens: ${formatInteger(bins[bin].count)} features`}
      />
      <p className="hint">
        Features by the share of tokens on which they fire, as its file says. {formatInteger(dead)} of {formatInteger(density.length)} never
        fired.
      </p>
    </>
  );
}
