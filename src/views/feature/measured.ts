/** What was measured of a feature and of the controls, at a threshold. */
import type { Effects, Stack } from '../../api/features.ts';
import { stacksAt } from '../../state/feature/words.ts';

export interface Measured {
  name: string;
  isControl: boolean;
  latent?: number;
  mean_delta: number;
  kl: number;
  up: Stack;
  down: Stack;
}

/** The feature first, then its controls. */
export function measuredAt(effects: Effects, threshold: number): Measured[] {
  const figures = [
    { name: 'This feature', isControl: false, ...effects },
    ...effects.controls.map((control) => ({
      name: control.kind === 'direction' ? 'Random direction' : 'Another feature',
      isControl: true,
      ...control,
    })),
  ];
  return figures.map(({ name, isControl, mean_delta, kl, ...rest }) => ({
    name,
    isControl,
    ...('latent' in rest && { latent: rest.latent }),
    mean_delta,
    kl,
    ...stacksAt(rest, effects.next, threshold),
  }));
}
