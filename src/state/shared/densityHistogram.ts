/** Counts of features by how often they fire, in steps of √10. */
import { bisectLeft } from 'd3-array';

interface DensityBin {
  /** Upper end of the bin, in percent. */
  label: string;
  count: number;
}

/** Upper ends, as shares; the first bin takes all that is rarer. */
const ENDS = [1e-5, 3.16e-5, 1e-4, 3.16e-4, 1e-3, 3.16e-3, 1e-2, 3.16e-2, 0.1, 0.316, 1];
const LABELS = ['.001 %', '.003 %', '.01 %', '.03 %', '.1 %', '.3 %', '1 %', '3 %', '10 %', '30 %', '100 %'];

/** Below this a file means "never": SAELens writes 1e-10 for it. */
const NEVER = 1e-9;

export function densityHistogram(density: ArrayLike<number>): { bins: DensityBin[]; dead: number } {
  const bins = LABELS.map((label) => ({ label, count: 0 }));
  let dead = 0;
  for (let latent = 0; latent < density.length; latent++) {
    if (!(density[latent] > NEVER)) dead++;
    else bins[Math.min(ENDS.length - 1, bisectLeft(ENDS, density[latent]))].count++;
  }
  return { bins, dead };
}
