import { useMemo } from 'react';
import { formatInteger } from '../../charts/format.ts';
import { densityHistogram } from '../../state/shared/densityHistogram.ts';

/** How many features fire how often, as a picture and as a table. */
export function DensityPicture({ density }: { density: Float32Array }) {
  const { bins, dead } = useMemo(() => densityHistogram(density), [density]);
  const top = Math.max(1, ...bins.map((bin) => bin.count));
  return (
    <figure className="density">
      <div className="density-bars" aria-hidden="true">
        {bins.map((bin) => (
          <span key={bin.label} title={`${bin.label}: ${bin.count} features`}>
            <span style={{ height: `${(100 * bin.count) / top}%` }} />
            <small>{bin.label}</small>
          </span>
        ))}
      </div>
      <figcaption className="hint">
        Features by the share of tokens on which they fire, as its file says. {formatInteger(dead)} of {formatInteger(density.length)} never
        fired.
      </figcaption>
      <details className="fold">
        <summary>As a table</summary>
        <table className="card-table">
          <thead>
            <tr>
              <th scope="col">Share of tokens, at most</th>
              <th scope="col" className="numeric">
                Features
              </th>
            </tr>
          </thead>
          <tbody>
            {bins.map((bin) => (
              <tr key={bin.label}>
                <th scope="row">{bin.label}</th>
                <td className="numeric">{formatInteger(bin.count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}
