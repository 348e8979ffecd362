/** Where a change made at one hook is felt: the shortest way from it to another. */
import { UsageError } from '../../../core/errors.ts';
import { BLOCK_SITES, hookOrder, type BlockSite, type Hook } from '../../../core/lm/hooks.ts';

/** Sites whose values are the residual or are added to it, and how many blocks further it enters one. */
const STEPS: Partial<Record<Hook['site'], 0 | 1>> = {
  hook_resid_pre: 0,
  hook_attn_out: 1,
  hook_mlp_out: 1,
  hook_resid_post: 1,
};

/** What feeds what inside one block, beside the residual that all read. */
const ATTENTION: readonly string[] = ['ln1.hook_normalized', 'attn.hook_v', 'attn.hook_z', 'hook_attn_out'];
const MLP: readonly string[] = ['ln2.hook_normalized', 'mlp.hook_pre', 'mlp.hook_post', 'hook_mlp_out'];

/** The block whose incoming residual a hook's change is a change of; n_layers: the last residual. undefined inside a block. */
export function entryOf({ site, layer }: Hook): number | undefined {
  if (site === 'hook_embed') return 0;
  const step = STEPS[site];
  return step === undefined ? undefined : layer + step;
}

/** The block whose incoming residual a hook's value is; undefined where it is no residual. */
export function placeOf({ site, layer }: Hook): number | undefined {
  if (site === 'hook_embed') return 0;
  if (site === 'hook_resid_pre') return layer;
  return site === 'hook_resid_post' ? layer + 1 : undefined;
}

/** Whether values of `child` depend on those of `parent`. */
export function isUpstream(parent: Hook, child: Hook): boolean {
  if (hookOrder(parent) >= hookOrder(child)) return false;
  if (parent.layer < child.layer) return true;
  const [from, to] = [parent.site as BlockSite, child.site as BlockSite];
  if (from === 'hook_resid_pre' || to === 'hook_resid_post') return true;
  return [ATTENTION, MLP].some((way) => way.includes(from) && way.includes(to) && BLOCK_SITES.indexOf(from) < BLOCK_SITES.indexOf(to));
}

/**
 * The hooks among `hooks` where parents of a target are looked for: all on the way up from the nearest residual, or all
 * there are where none of them is the residual.
 */
export function parentHooks(target: Hook, hooks: readonly Hook[]): Hook[] {
  const upstream = hooks.filter((hook) => isUpstream(hook, target)).sort((a, b) => hookOrder(b) - hookOrder(a));
  const nearest = upstream.findIndex((hook) => placeOf(hook) !== undefined);
  return nearest < 0 ? upstream : upstream.slice(0, nearest + 1);
}

/** @throws UsageError for a hook that has no value of its own for a token before the last norm */
export function checkTargetHook({ name, site }: Hook): void {
  if (site === 'ln_final.hook_normalized' || site === 'attn.hook_pattern') {
    throw new UsageError(`Features of ${name} cannot be the target here; choose one of a hook inside or between the blocks.`);
  }
}
