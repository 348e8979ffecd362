/** What a person asks for: limits and defaults of both forms, and what the calls are told. */
import type { CausalContexts, CausalMode } from '../../api/causal.ts';
import type { DictionaryInfo } from '../../api/dictionaries.ts';
import { CAUSAL_LIMITS } from '../../core/interp/causal/options.ts';
import { hookParts } from '../shared/hooks.ts';

export const MODES = ['zero', 'mean', 'resample', 'restore'] as const satisfies readonly CausalMode[];

/** Those of the calls; lower where a picture of more would tell nobody anything. */
export const LIMITS = {
  count: rangeOf('contexts'),
  parents: rangeOf('parents', 30),
  /** Percent. */
  threshold: { min: 0, max: 100, usual: 1 },
  depth: { min: 1, max: 20 },
  seed: { min: 0, max: 1_000_000, usual: 0 },
  nodes: rangeOf('nodes', 200),
  edges: rangeOf('edges', 400),
  /** Pasted contexts. */
  lines: { max: 100 },
} as const;

function rangeOf(name: keyof typeof CAUSAL_LIMITS, most = Infinity): { min: number; max: number; usual: number } {
  const { least, most: limit, usual } = CAUSAL_LIMITS[name];
  return { min: least, max: Math.min(limit, most), usual };
}

/** Where the target is watched, as a person says it; `text` null: the one in Explore. */
export type ContextChoice =
  { kind: 'top' | 'spread'; count: number } | { kind: 'text'; text: string | null } | { kind: 'list'; lines: string };

export interface TreeSettings {
  /** '' and NaN where none is chosen. */
  dictionary: string;
  latent: number;
  /** null: the usual ones. */
  from: readonly string[] | null;
  /** null: the usual ones: the text in Explore where the target fires in it, else where it is highest. */
  contexts: ContextChoice | null;
  mode: CausalMode;
  parents: number;
  /** Percent. */
  threshold: number;
  /** null: down to the tokens. */
  depth: number | null;
  expand: 'paper' | 'all';
  controls: boolean;
  seed: number;
}

export interface PromptSettings {
  /** null: the text in Explore. */
  text: string | null;
  /** null: the last. */
  position: number | null;
  /** null: what the model expects most; of `minus`: nothing, the log-probability alone. */
  plus: number | null;
  minus: number | null;
  from: readonly string[] | null;
  nodes: number;
  edges: number;
  seed: number;
}

export const FIRST_TREE: TreeSettings = {
  dictionary: '',
  latent: NaN,
  from: null,
  contexts: null,
  mode: 'zero',
  parents: LIMITS.parents.usual,
  threshold: LIMITS.threshold.usual,
  depth: null,
  expand: 'paper',
  controls: false,
  seed: LIMITS.seed.usual,
};

export const FIRST_PROMPT: PromptSettings = {
  text: null,
  position: null,
  plus: null,
  minus: null,
  from: null,
  nodes: LIMITS.nodes.usual,
  edges: LIMITS.edges.usual,
  seed: LIMITS.seed.usual,
};

/** Where a hook stands in the model: tokens are −1, a block's attention and MLP stand between the residuals about it. */
export function rankOf(hook: string): number {
  const { group, site } = hookParts(hook);
  if (group === 'start') return hook === '' ? -1 : 0;
  if (group === 'end') return 1e6;
  if (site === 'hook_resid_pre') return 10 * group;
  return 10 * group + (site === 'hook_resid_post' ? 10 : site.includes('mlp') || site.includes('attn') ? 5 : 2);
}

type Listed = Pick<DictionaryInfo, 'id' | 'hook' | 'fits'>;

/** What may hold parents of the target: what the model computes before it. */
export function lowerDictionaries<D extends Listed>(list: readonly D[], target: D | undefined): D[] {
  return list.filter((d) => d.fits && d.hook !== '' && (!target || rankOf(d.hook) < rankOf(target.hook)));
}

/** The usual ones: of each lower residual stream one, that whose name is most like the target's. */
function usualDictionaries<D extends Listed>(list: readonly D[], target: D | undefined): D[] {
  const lower = lowerDictionaries(list, target).filter(({ hook }) => hookParts(hook).site === 'hook_resid_post');
  const hooks = [...new Set(lower.map(({ hook }) => hook))].sort((a, b) => rankOf(b) - rankOf(a));
  return hooks.map((hook) =>
    lower.filter((d) => d.hook === hook).reduce((best, d) => (alike(d.id, target?.id ?? '') > alike(best.id, target?.id ?? '') ? d : best)),
  );
}

/** Letters that two names end in alike, layers aside. */
function alike(a: string, b: string): number {
  let n = 0;
  while (n < Math.min(a.length, b.length) && a.at(-1 - n) === b.at(-1 - n)) n++;
  return n;
}

/** The dictionaries that are asked of: those that were chosen as far as they are here, else the usual ones. */
export function chosenFrom<D extends Listed>(list: readonly D[], target: D | undefined, from: readonly string[] | null): string[] {
  const lower = lowerDictionaries(list, target);
  if (from) return lower.filter(({ id }) => from.includes(id)).map(({ id }) => id);
  return usualDictionaries(list, target).map(({ id }) => id);
}

/** What the choice is, once the page knows whether the target fires in the text. */
export function usualContexts(fires: boolean): ContextChoice {
  return fires ? { kind: 'text', text: null } : { kind: 'top', count: LIMITS.count.usual };
}

/** As the call takes them. @param ids of a pasted list, in order */
export function contextsOf(choice: ContextChoice, explore: string, ids: number[][]): CausalContexts {
  switch (choice.kind) {
    case 'text':
      return { text: choice.text ?? explore };
    case 'list':
      return { ids };
    default:
      return { kind: choice.kind, count: choice.count };
  }
}

/** The lines of a pasted list that hold something. */
export function linesOf(lines: string): string[] {
  return lines
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(0, LIMITS.lines.max);
}
