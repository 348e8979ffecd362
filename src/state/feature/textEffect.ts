/** Where in a text the effect is largest. */
import type { TextEffects } from './state.ts';

interface PositionEffect {
  position: number;
  token: string;
  next: string;
  value: number;
  delta: number;
  kl: number;
}

/** Positions with a next token, by |Δ|; those of no effect are left out. */
export function strongestPositions({ effects, tokens }: TextEffects, most: number): PositionEffect[] {
  const figures = effects.per_position?.[0];
  if (!figures) return [];
  return figures.delta
    .map((delta, position) => ({
      position,
      token: tokens[position] ?? '',
      next: tokens[position + 1] ?? '',
      value: figures.value[position] ?? 0,
      delta,
      kl: figures.kl[position] ?? 0,
    }))
    .filter(({ delta, position }) => Number.isFinite(delta) && delta !== 0 && position + 1 < tokens.length)
    .sort((a, b) => Math.abs(b.delta) - Math.abs(a.delta))
    .slice(0, most);
}
