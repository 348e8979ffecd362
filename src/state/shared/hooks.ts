/** Hook names taken apart for the two menus (layer, site) that choose one. */
import type { HookInfo, ModelInfo } from '../../api/model.ts';

/** `group` is a layer number, or which end of the model the hook is at. */
export interface HookParts {
  group: number | 'start' | 'end';
  site: string;
}

const SITE_WORDS: Record<string, string> = {
  hook_embed: 'token embedding',
  hook_resid_pre: 'residual stream before the block',
  'ln1.hook_normalized': 'LayerNorm into attention',
  'ln2.hook_normalized': 'LayerNorm into the MLP',
  'attn.hook_pattern': 'attention pattern',
  'attn.hook_v': 'values of each head',
  'attn.hook_z': 'output of each head',
  hook_attn_out: 'what attention adds',
  'mlp.hook_pre': 'MLP before its nonlinearity',
  'mlp.hook_post': 'MLP neurons',
  hook_mlp_out: 'what the MLP adds',
  hook_resid_post: 'residual stream after the block',
  'ln_final.hook_normalized': 'final LayerNorm',
};

/** Short names of the sites that dictionaries read most, in the order a map of the model shows them. */
const SITE_NAMES: Record<string, string> = {
  hook_resid_post: 'Residual',
  hook_attn_out: 'Attention',
  hook_mlp_out: 'MLP',
  'mlp.hook_post': 'MLP neurons',
};

/** The sites that most dictionaries read. */
export const USUAL_SITES: readonly string[] = Object.keys(SITE_NAMES);

/** 'Residual'; the site itself where it has no short name. */
export function siteName(site: string): string {
  return SITE_NAMES[site] ?? site;
}

/** The usual sites first, the others in the order of a block. */
export function inSiteOrder(sites: Iterable<string>): string[] {
  const rank = (site: string) => {
    const usual = USUAL_SITES.indexOf(site);
    const other = Object.keys(SITE_WORDS).indexOf(site);
    return usual >= 0 ? usual : USUAL_SITES.length + (other < 0 ? Infinity : other);
  };
  return [...new Set(sites)].sort((a, b) => rank(a) - rank(b));
}

export function hookParts(name: string): HookParts {
  const match = /^blocks\.(\d+)\.(.+)$/.exec(name);
  if (match) return { group: Number(match[1]), site: match[2] };
  return { group: name.startsWith('ln_final') ? 'end' : 'start', site: name };
}

/** What a hook holds, in words; empty for a site we have no words for. */
export function siteWords(name: string): string {
  return SITE_WORDS[hookParts(name).site] ?? '';
}

export function hookGroups(hooks: readonly HookInfo[]): HookParts['group'][] {
  return [...new Set(hooks.map((h) => hookParts(h.name).group))];
}

/** The hook of `group` with the same site as `name`, else the group's first. */
export function hookInGroup(hooks: readonly HookInfo[], group: HookParts['group'], name: string): string | undefined {
  const inGroup = hooks.filter((h) => hookParts(h.name).group === group);
  const { site } = hookParts(name);
  return (inGroup.find((h) => hookParts(h.name).site === site) ?? inGroup[0])?.name;
}

export function findHook(model: ModelInfo | null, name: string): HookInfo | undefined {
  return model?.hooks.find((h) => h.name === name);
}

/** Numbers per position; null where a position holds no plain vector (attention patterns). */
export function hookWidth(hook: HookInfo): number | null {
  if (hook.shape[0] !== 'pos') return null;
  let width = 1;
  for (const size of hook.shape.slice(1)) {
    if (size === 'pos') return null;
    width *= size;
  }
  return width;
}

export function isPattern(hook: HookInfo): boolean {
  return hook.shape.filter((s) => s === 'pos').length === 2;
}

/** The middle of the model: where a first look is most telling. */
export function defaultHook(model: ModelInfo): string {
  const wanted = hookInGroup(model.hooks, Math.floor(model.n_layers / 2), 'blocks.0.hook_resid_post');
  return wanted ?? model.hooks[0]?.name ?? '';
}
