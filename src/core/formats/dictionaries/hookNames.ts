/**
 * Hook names of the libraries that name modules instead of hooks, as TransformerLens names. Anything not
 * known for certain is null, and the report says so: a dictionary at the wrong hook looks alive and means
 * nothing (SAELens's importers put every sparsify hookpoint at hook_resid_post).
 */

/** A module's output in GPT-NeoX, GPT-2 and Llama naming, without the model's own prefix. */
const OUTPUTS: [RegExp, string][] = [
  [/^(\d+)$/, 'hook_resid_post'],
  [/^(\d+)\.mlp(\.(dense_4h_to_h|c_proj|down_proj))?$/, 'hook_mlp_out'],
  [/^(\d+)\.mlp\.(dense_h_to_4h|c_fc)$/, 'mlp.hook_pre'],
  [/^(\d+)\.mlp\.act$/, 'mlp.hook_post'],
  [/^(\d+)\.(attention(\.dense)?|attn(\.c_proj)?|self_attn(\.o_proj)?)$/, 'hook_attn_out'],
  [/^(\d+)\.(input_layernorm|ln_1)$/, 'ln1.hook_normalized'],
  [/^(\d+)\.(post_attention_layernorm|ln_2)$/, 'ln2.hook_normalized'],
];

/** Inputs of the same modules; what an mlp reads is the second LayerNorm, weight and bias applied. */
const INPUTS: [RegExp, string][] = [
  [/^(\d+)(\.(input_layernorm|ln_1))?$/, 'hook_resid_pre'],
  [/^(\d+)\.mlp(\.(dense_h_to_4h|c_fc))?$/, 'ln2.hook_normalized'],
  [/^(\d+)\.mlp\.act$/, 'mlp.hook_pre'],
  [/^(\d+)\.mlp\.(dense_4h_to_h|c_proj)$/, 'mlp.hook_post'],
  [/^(\d+)\.(attention|attn|self_attn)$/, 'ln1.hook_normalized'],
];

/** A TransformerLens hook where another name is expected: what exports from here write for hooks without one. */
const HOOK = /^(hook_embed|blocks\.\d+\.([\w]+\.)?hook_\w+)$/;

const EMBEDDING = /^(gpt_neox\.|transformer\.|model\.)?(embed_in|wte|embed_tokens)$/;
const LAST_NORM = /^(gpt_neox\.|transformer\.|model\.)?(final_layer_norm|ln_f)$/;

/**
 * @param module "layers.3", "layers.3.mlp", "gpt_neox.layers.3.attention", "embed_in"
 * @param side which of the module's tensors
 * @returns a TransformerLens hook, or null where none is known
 */
export function hookOfModule(module: string, side: 'in' | 'out' = 'out'): string | null {
  if (HOOK.test(module)) return module;
  if (EMBEDDING.test(module)) return side === 'out' ? 'hook_embed' : null;
  if (LAST_NORM.test(module)) return side === 'out' ? 'ln_final.hook_normalized' : null;
  const path = /(?:^|\.)(?:layers|h)\.(.+)$/.exec(module)?.[1];
  if (path === undefined) return null;
  for (const [pattern, site] of side === 'in' ? INPUTS : OUTPUTS) {
    const layer = pattern.exec(path)?.[1];
    if (layer !== undefined) return `blocks.${Number(layer)}.${site}`;
  }
  return null;
}

/** The name of a file that may be a hook's or a module's: a module becomes its output's hook, anything else stays. */
export function hookOfName(name: string): string {
  return hookOfModule(name) ?? name;
}

/** What dictionary_learning's users write for submodule_name, and its folders are called. */
const SUBMODULES: [RegExp, string][] = [
  [/^(?:resid_post|resid_out|resid)_?layer_?(\d+)$/, 'hook_resid_post'],
  [/^resid_pre_?layer_?(\d+)$/, 'hook_resid_pre'],
  [/^(?:attn_out|attention_out|attn)_?layer_?(\d+)$/, 'hook_attn_out'],
  [/^(?:mlp_out|mlp)_?layer_?(\d+)$/, 'hook_mlp_out'],
];

/**
 * @param name "resid_post_layer_3", "mlp_out_layer2", "embed", or a module
 * @returns a TransformerLens hook, or null where none is known
 */
export function hookOfSubmodule(name: string): string | null {
  if (name === 'embed' || name === 'embed_layer') return 'hook_embed';
  for (const [pattern, site] of SUBMODULES) {
    const layer = pattern.exec(name)?.[1];
    if (layer !== undefined) return `blocks.${Number(layer)}.${site}`;
  }
  return hookOfModule(name);
}

/** The submodule_name of a hook; a hook without one keeps its own name. */
export function submoduleOfHook(hook: string): string {
  const [, layer, site] = /^blocks\.(\d+)\.hook_(resid_post|resid_pre|attn_out|mlp_out)$/.exec(hook) ?? [];
  if (layer === undefined) return hook === 'hook_embed' ? 'embed' : hook;
  return site.startsWith('resid') ? `${site}_layer_${layer}` : `${site}_layer${layer}`;
}

const MODULES: Record<string, string> = { resid_post: '', mlp_out: '.mlp', attn_out: '.attention' };

/** The module of GPT-NeoX whose output a hook is; a hook without one keeps its own name. */
export function moduleOfHook(hook: string): string {
  const [, layer, site] = /^blocks\.(\d+)\.hook_(\w+)$/.exec(hook) ?? [];
  if (layer !== undefined && site in MODULES) return `layers.${layer}${MODULES[site]}`;
  return hook === 'hook_embed' ? 'embed_in' : hook;
}

/** The hook that the innermost telling folder of a path names. */
export function hookOfPath(path: string, hookOf: (folder: string) => string | null): string | null {
  for (const folder of path.split('/').reverse()) {
    const hook = hookOf(folder);
    if (hook !== null) return hook;
  }
  return null;
}

/** Folders of openai/sparse_autoencoder (paths.py): the place, and a version. The file is called by the layer. */
const OPENAI_PLACES: Record<string, string> = {
  mlp_post_act: 'mlp.hook_post',
  resid_delta_mlp: 'hook_mlp_out',
  resid_delta_attn: 'hook_attn_out',
  resid_post_attn: 'hook_resid_mid',
  resid_post_mlp: 'hook_resid_post',
};

/** @param path ".../resid_post_mlp_v5_32k/autoencoders/8.pt" */
export function hookOfOpenai(path: string): string | null {
  const layer = /(?:^|\/)(\d+)\.pt$/.exec(path)?.[1];
  for (const folder of path.split('/')) {
    const site = OPENAI_PLACES[folder.replace(/_v\d.*$/, '')];
    if (site !== undefined && layer !== undefined) return `blocks.${Number(layer)}.${site}`;
  }
  return null;
}

/** Folders of sparse_coding's sweeps: "tied_residual_l2_r4" (big_sweep.py, activation_dataset.py). */
const SPARSE_CODING_PLACES: Record<string, string> = { residual: 'hook_resid_post', mlp: 'mlp.hook_post', mlpout: 'hook_mlp_out' };

export function hookOfSweep(folder: string): string | null {
  const [, place, layer] = /(?:^|_)(residual|mlpout|mlp)_l(\d+)(?:_|$)/.exec(folder) ?? [];
  return place === undefined ? null : `blocks.${Number(layer)}.${SPARSE_CODING_PLACES[place]}`;
}

/** Folders of Gemma Scope: "layer_20/width_16k/average_l0_71". */
export function hookOfGemmaScope(path: string): string | null {
  const layer = /(?:^|\/)layer_(\d+)(?:\/|$)/.exec(path)?.[1];
  if (layer === undefined) return null;
  if (/(^|[-_/])mlp([-_/]|$)/.test(path)) return `blocks.${Number(layer)}.hook_mlp_out`;
  if (/(^|[-_/])att([-_/]|$)/.test(path)) return `blocks.${Number(layer)}.attn.hook_z`;
  return `blocks.${Number(layer)}.hook_resid_post`;
}
