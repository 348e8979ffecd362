/** Token colour scales. Each has one stated range, so a colour means the same on every text. */
import { formatInteger, formatNumber } from './format.ts';

export type Metric = 'surprise' | 'entropy' | 'rank' | 'kl';

export interface ColourScale {
  /** 0 (no colour) to 1 (full colour); NaN in, NaN out. */
  share: (value: number) => number;
  /** Legend labels from least to most. */
  ticks: { share: number; label: string }[];
}

/** KL has no ceiling; its range is the smallest of these that holds the largest value on screen. */
const KL_CEILINGS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50];

/**
 * @param vocabulary entries of the tokenizer: surprise and entropy end at a uniform guess among them
 * @param largest largest finite value on screen; used by KL alone
 */
export function colourScale(metric: Metric, vocabulary: number, largest: number): ColourScale {
  if (metric === 'rank') return rankScale(vocabulary);
  const top = metric === 'kl' ? (KL_CEILINGS.find((c) => c >= largest) ?? largest) : Math.log(vocabulary);
  return linearScale(top);
}

/** From 0 to `top`, in equal steps; without colour when `top` is 0. */
export function linearScale(top: number): ColourScale {
  const ticks = [0, 0.5, 1].map((share) => ({ share, label: formatNumber(share * top) }));
  return { share: (value) => (top > 0 ? clamp(value / top) : Number.isNaN(value) ? NaN : 0), ticks: top > 0 ? ticks : ticks.slice(0, 1) };
}

/** Logarithmic: the first guess has no colour, each factor of ten one equal step. */
function rankScale(vocabulary: number): ColourScale {
  const top = Math.log(vocabulary);
  const stops = [1, 10, 100, 1000, 10_000, 100_000].filter((r) => r < vocabulary);
  return {
    share: (rank) => (rank < 0 ? NaN : clamp(Math.log(1 + rank) / top)),
    ticks: stops.map((r) => ({ share: Math.log(r) / top, label: formatInteger(r) })),
  };
}

function clamp(x: number): number {
  return Number.isNaN(x) ? NaN : Math.min(1, Math.max(0, x));
}
