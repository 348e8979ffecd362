/** Changes of a feature, their strengths in multiples of its maximum, and the api's edits they stand for. */
import type { DictionaryInfo } from '../../api/dictionaries.ts';
import type { Edit } from '../../api/model.ts';
import { formatNumber } from '../../charts/format.ts';

/** What strengths are multiples of: the feature's maximum, and what that was taken over; `of` is '' where nobody knows one. */
export interface Unit {
  value: number;
  of: string;
}

/** `name` is the dictionary's, for the sentence. */
export interface OfLatent {
  dictionary: string;
  latent: number;
  name: string;
}

/** How a feature is changed; `times` × the unit is in the feature's own units. */
export type LatentOp =
  { op: 'ablate' } | { op: 'latent_scale'; factor: number } | { op: 'latent_set' | 'latent_add'; times: number; unit: Unit };

export type LatentChange = OfLatent & LatentOp;

/** Of a feature nobody has a maximum of: a strength is then the value itself. */
export const NO_MAXIMUM: Unit = { value: 1, of: '' };

/** Of a feature's maximum (docs/decisions/steering.md). */
const FIRST_TIMES = 0.5;

/** What "steer" begins with. */
export function steering(unit: Unit) {
  return { op: 'latent_add' as const, times: FIRST_TIMES, unit };
}

export function isOfLatent<T extends { op: string }>(change: T): change is Extract<T, LatentChange> {
  return 'latent' in change;
}

export function latentProblem(change: LatentChange, dictionaries: readonly DictionaryInfo[] | undefined): string | null {
  const { dictionary, latent } = change;
  const info = dictionaries?.find((d) => d.id === dictionary);
  if (!info) return `The dictionary ${dictionary} is not here.`;
  if (!info.fits) return `The dictionary ${info.label} does not fit this model.`;
  if (!Number.isInteger(latent) || latent < 0) return 'A feature is named by a whole number, counted from 0.';
  if (latent >= info.d_sae) return `The dictionary ${info.label} has no feature ${latent}; its last is ${info.d_sae - 1}.`;
  return Number.isFinite(strengthOf(change)) ? null : 'The strength must be a number.';
}

/** The number a person turns: a factor, or × the maximum; 0 for an ablation, which has none. */
export function strengthOf(change: LatentOp): number {
  if (change.op === 'ablate') return 0;
  return change.op === 'latent_scale' ? change.factor : change.times;
}

/** The same change with another strength; an ablation stays as it is. */
export function withStrength<T extends LatentOp>(change: T, strength: number): T {
  if (change.op === 'ablate') return change;
  return change.op === 'latent_scale' ? { ...change, factor: strength } : { ...change, times: strength };
}

/** @param at where it acts; all positions when empty */
export function compileLatent(change: LatentChange, at: { positions?: number[] }): Edit {
  const { dictionary, latent } = change;
  switch (change.op) {
    case 'ablate':
      return { dictionary, latent, op: 'ablate', ...at };
    case 'latent_scale':
      return { dictionary, latent, op: 'scale', value: change.factor, ...at };
    case 'latent_set':
      return { dictionary, latent, op: 'set', value: change.times * change.unit.value, ...at };
    case 'latent_add':
      return { dictionary, latent, op: 'add', value: change.times * change.unit.value, ...at };
  }
}

const VERBS: Record<LatentOp['op'], string> = {
  ablate: 'Ablate',
  latent_scale: 'Scale',
  latent_set: 'Set',
  latent_add: 'Add to',
};

export function latentSentence(change: LatentChange): { verb: string; middle: string } {
  const verb = `${VERBS[change.op]} feature ${change.latent} of`;
  const name = `(${change.name})`;
  if (change.op === 'ablate') return { verb, middle: name };
  if (change.op === 'latent_scale') return { verb, middle: `${name} by ${change.factor}` };
  return { verb, middle: `${name} ${change.op === 'latent_set' ? 'to ' : ''}${amountWords(change.times, change.unit)}` };
}

function amountWords(times: number, unit: Unit): string {
  if (unit.of === '') return `the value ${formatNumber(times)}`;
  return `${formatNumber(times)} × its maximum (${formatNumber(unit.value)} in ${unit.of})`;
}
