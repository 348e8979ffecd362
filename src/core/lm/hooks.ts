/**
 * Hook points of a parallel-residual GPT-NeoX, named as in TransformerLens. The residual is the raw
 * one: no weight folding, no centring. There is no hook_resid_mid, since MLP and attention both read
 * the block's input. See docs/decisions/hooks.md.
 */
import { UsageError } from '../errors.ts';
import type { ModelConfig } from './config.ts';
import type { HookInfo } from './types.ts';

/** The places inside block i, without its number, in the order the forward pass meets them. */
export const BLOCK_SITES = [
  'hook_resid_pre',
  'ln1.hook_normalized',
  'ln2.hook_normalized',
  'attn.hook_v',
  'attn.hook_pattern',
  'attn.hook_z',
  'hook_attn_out',
  'mlp.hook_pre',
  'mlp.hook_post',
  'hook_mlp_out',
  'hook_resid_post',
] as const;
export type BlockSite = (typeof BLOCK_SITES)[number];
type Site = BlockSite | 'hook_embed' | 'ln_final.hook_normalized';

const READ_ONLY: ReadonlySet<string> = new Set(['ln1.hook_normalized', 'ln2.hook_normalized', 'ln_final.hook_normalized']);

/** A parsed hook name. `layer` is −1 for hook_embed and n_layers for ln_final. */
export interface Hook {
  name: string;
  site: Site;
  layer: number;
  editable: boolean;
}

/** `blocks.{layer}.{site}` */
export function blockHook(layer: number, site: BlockSite): string {
  return `blocks.${layer}.${site}`;
}

/** @throws UsageError naming the hook and what exists */
export function parseHook(name: string, n_layers: number): Hook {
  if (name === 'hook_embed') return { name, site: name, layer: -1, editable: true };
  if (name === 'ln_final.hook_normalized') return { name, site: name, layer: n_layers, editable: false };
  const match = /^blocks\.(0|[1-9]\d{0,3})\.(.+)$/.exec(String(name));
  const site = BLOCK_SITES.find((s) => s === match?.[2]);
  if (!match || !site) {
    throw new UsageError(
      `There is no hook called "${String(name).slice(0, 80)}". Hooks are hook_embed, blocks.0.${BLOCK_SITES.join(', blocks.0.')} (and so for every layer) and ln_final.hook_normalized.`,
    );
  }
  const layer = Number(match[1]);
  if (layer >= n_layers) {
    throw new UsageError(`The hook "${name}" names layer ${layer}, but the layers of this model are 0 to ${n_layers - 1}.`);
  }
  return { name: blockHook(layer, site), site, layer, editable: !READ_ONLY.has(site) };
}

/** A number that rises in the order in which the forward pass meets hooks. */
export function hookOrder({ site, layer }: Hook): number {
  if (site === 'hook_embed') return -1;
  return site === 'ln_final.hook_normalized' ? Infinity : layer * BLOCK_SITES.length + BLOCK_SITES.indexOf(site);
}

/** Shape of a hook's value for one text, 'pos' being its number of tokens. */
export function hookShape(site: Site, c: Pick<ModelConfig, 'd_model' | 'n_heads' | 'd_head' | 'd_mlp'>): (number | 'pos')[] {
  switch (site) {
    case 'attn.hook_pattern':
      return [c.n_heads, 'pos', 'pos'];
    case 'attn.hook_v':
    case 'attn.hook_z':
      return ['pos', c.n_heads, c.d_head];
    case 'mlp.hook_pre':
    case 'mlp.hook_post':
      return ['pos', c.d_mlp];
    default:
      return ['pos', c.d_model];
  }
}

type Widths = Parameters<typeof hookShape>[1];

/** Numbers of a hook for each token. */
export function hookWidth(site: Site, config: Widths): number {
  return hookShape(site, config).reduce<number>((product, n) => (n === 'pos' ? product : product * n), 1);
}

/** A hook that has a vector for each token. @throws UsageError for attention patterns, and for no hook */
export function vectorHook(name: string, config: Widths & Pick<ModelConfig, 'n_layers'>): { hook: string; width: number } {
  const { name: hook, site } = parseHook(name, config.n_layers);
  if (site === 'attn.hook_pattern') throw new UsageError('Attention patterns are no vectors of fixed length; choose another hook.');
  return { hook, width: hookWidth(site, config) };
}

/** Every hook of a model in forward order. */
export function listHooks(c: ModelConfig): HookInfo[] {
  const hook = (name: string, site: Site): HookInfo => ({
    name,
    shape: hookShape(site, c),
    editable: !READ_ONLY.has(site),
  });
  const blocks = Array.from({ length: c.n_layers }, (_, i) => BLOCK_SITES.map((s) => hook(blockHook(i, s), s)));
  return [hook('hook_embed', 'hook_embed'), ...blocks.flat(), hook('ln_final.hook_normalized', 'ln_final.hook_normalized')];
}
