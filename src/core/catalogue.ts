/**
 * Dictionaries that others have published for Pythia. Nothing here is fetched or checked: repositories, folders and sizes
 * are as their makers describe them, figures are their claims with the place they stand in, and the hub's own list has the
 * last word on what there is and how large it is.
 */

export interface PublishedRelease {
  /** As SAELens's register calls it, where it knows it. */
  id: string;
  title: string;
  /** Repository of the hub and its revision. */
  hub: string;
  revision: string;
  /** Where in it they lie; '' for all of it. A zip counts as a folder. */
  folder: string;
  format: 'saelens' | 'dictionary_learning' | 'sparsify' | 'sparse_coding';
  /** Repository of the model they were trained on. */
  model: string;
  d_in: number;
  /** Widths; empty where the makers do not say. */
  d_sae: readonly number[];
  /** How many there are, as far as the makers say. */
  count?: number;
  /** Dictionaries of a sweep that lie in one file and are fetched together; absent: 1. */
  together?: number;
  /** Bytes of what is fetched for one, about; of the widest. Absent where the width is not known. */
  bytes?: number;
  /** One sentence: what sets it apart. */
  about: string;
  /** Where the facts above stand. */
  source: string;
  /** Those that are known by name; the others the hub lists. */
  dictionaries: readonly PublishedDictionary[];
}

export interface PublishedDictionary {
  /** Path in the repository. */
  folder: string;
  /** TransformerLens hook. */
  hook: string;
  claims?: PublishedClaims;
}

/** Figures as published, on a text of the makers' choice. */
export interface PublishedClaims {
  /** Share of the variance explained, mean error left out. */
  variance_explained: number;
  /** Features active on a token. */
  l0: number;
  /** Share of features active on at least one of 8192 random tokens. */
  alive: number;
  /** Share of the cross-entropy recovered. */
  ce_recovered: number;
  /** Who says so. */
  source: string;
}

const PYTHIA_70M = 'EleutherAI/pythia-70m';
const PYTHIA_70M_DEDUPED = 'EleutherAI/pythia-70m-deduped';
const PYTHIA_160M = 'EleutherAI/pythia-160m';
const PYTHIA_160M_DEDUPED = 'EleutherAI/pythia-160m-deduped';
const PYTHIA_410M = 'EleutherAI/pythia-410m';
const PYTHIA_410M_DEDUPED = 'EleutherAI/pythia-410m-deduped';

/** Width and layers. */
const SIZES: Record<string, { d_in: number; layers: number }> = {
  '70m': { d_in: 512, layers: 6 },
  '160m': { d_in: 768, layers: 12 },
  '410m': { d_in: 1024, layers: 24 },
};

const FIGURES = 'README of saprmarks/dictionary_learning, tables of the 10_32768 dictionaries';
const REGISTER = 'register of pretrained dictionaries in SAELens';

/** Variance explained, L0, alive, CE recovered; of the embedding, then of the residual stream after each layer. */
const RESIDUAL_FIGURES = [
  [0.96, 3, 0.36, 0.98],
  [0.92, 59, 0.41, 0.97],
  [0.85, 54, 0.38, 0.95],
  [0.96, 108, 0.27, 0.94],
  [0.96, 68, 0.22, 0.95],
  [0.88, 61, 0.27, 0.95],
  [0.9, 72, 0.45, 0.92],
] as const;

const LAYERS_70M = [0, 1, 2, 3, 4, 5] as const;

/** What a model of Pythia's is called here, and its sizes. */
function pythia(model: string) {
  const [, size, deduped] = /pythia-(\d+m)(-deduped)?$/.exec(model)!;
  return { title: `Pythia-${size.toUpperCase()}${deduped ? ' deduped' : ''}`, ...SIZES[size] };
}

function claimsAt(row: number): PublishedClaims {
  const [variance_explained, l0, alive, ce_recovered] = RESIDUAL_FIGURES[row];
  return { variance_explained, l0, alive, ce_recovered, source: FIGURES };
}

/** Bytes of a dictionary in fp32: two matrices, and the biases. */
function sizeOf(d_in: number, d_sae: number): number {
  return 4 * (2 * d_in * d_sae + d_sae + d_in);
}

function saelens70m(site: 'res' | 'mlp' | 'att', where: string, dictionaries: PublishedDictionary[]): PublishedRelease {
  return {
    id: `pythia-70m-deduped-${site}-sm`,
    title: `Pythia-70M deduped, ${where}`,
    hub: `ctigges/pythia-70m-deduped__${site}-sm_processed`,
    revision: 'main',
    folder: '',
    format: 'saelens',
    model: PYTHIA_70M_DEDUPED,
    d_in: 512,
    d_sae: [32768],
    count: dictionaries.length,
    bytes: sizeOf(512, 32768),
    about: 'The dictionaries of Marks et al., trained on two thousand million tokens of the Pile, saved again for SAELens.',
    source: REGISTER,
    dictionaries,
  };
}

function sweep70m(kind: string, name: string, count: number): PublishedRelease {
  return {
    id: `sae_bench_pythia70m_sweep_${kind}`,
    title: `Pythia-70M deduped, SAEBench sweep: ${name}`,
    hub: 'canrager/lm_sae',
    revision: 'main',
    folder: `pythia70m_sweep_${kind}`,
    format: 'dictionary_learning',
    model: PYTHIA_70M_DEDUPED,
    d_in: 512,
    d_sae: [4096, 16384],
    count,
    bytes: sizeOf(512, 16384),
    about: 'The residual stream after layers 3 and 4 at many sparsities, in two widths, contexts of 128 tokens.',
    source: REGISTER,
    dictionaries: [],
  };
}

/** Folder and hook of a layer's sites in sparsify's repositories; a transcoder reads what the MLP reads. */
const SITES = {
  layer: { folder: '', hook: 'hook_resid_post' },
  mlp: { folder: '.mlp', hook: 'hook_mlp_out' },
  attention: { folder: '.attention', hook: 'hook_attn_out' },
  transcoder: { folder: '.mlp', hook: 'ln2.hook_normalized' },
} as const;

/** @param sites those that are known by name; none: the hub lists them */
function sparsify(name: string, model: string, d_sae: number, sites: readonly (keyof typeof SITES)[], what = ''): PublishedRelease {
  const { title, d_in, layers } = pythia(model);
  const dictionaries = sites.flatMap((site) =>
    Array.from({ length: layers }, (_, layer): PublishedDictionary => {
      const { folder, hook } = SITES[site];
      return { folder: `layers.${layer}${folder}`, hook: `blocks.${layer}.${hook}` };
    }),
  );
  return {
    id: name,
    title: `${title}, EleutherAI${what}`,
    hub: `EleutherAI/${name}`,
    revision: 'main',
    folder: '',
    format: 'sparsify',
    model,
    d_in,
    d_sae: [d_sae],
    ...(dictionaries.length > 0 && { count: dictionaries.length }),
    bytes: sizeOf(d_in, d_sae),
    about: sites.some((site) => site === 'transcoder')
      ? 'TopK transcoders with a linear skip: each computes what an MLP adds to the stream from what it reads.'
      : 'TopK, at the outputs of layers, of their MLPs and of their attention.',
    source: 'repositories of EleutherAI, and public code that loads them',
    dictionaries,
  };
}

/** Of the longest public run of the paper's authors: the last state that every layer has. */
const PAPER_STATE = '_31';
const PAPER_RATIO = 6;
const PAPER_ALPHAS = 9;

/** Repositories of the paper's second author. @param facts that are known beside the hook */
function originals(name: string, model: string, facts: Partial<PublishedRelease>): PublishedRelease {
  const { title, d_in } = pythia(model);
  return {
    id: `Elriggs/${name}`,
    title: `${title}, originals of Cunningham et al.`,
    hub: `Elriggs/${name}`,
    revision: 'main',
    folder: '',
    format: 'sparse_coding',
    model,
    d_in,
    d_sae: [],
    about: 'Tied ReLU dictionaries of the residual stream; a file holds one for each weight of sparsity (α), of which you choose.',
    source: 'the second author’s repositories, and public code that loads them',
    dictionaries: [],
    ...facts,
  };
}

function saebench160m(power: 12 | 14 | 16): PublishedRelease {
  return {
    id: `saebench_pythia-160m-deduped_width-2pow${power}`,
    title: `Pythia-160M deduped, SAEBench, ${2 ** power} features`,
    hub: `adamkarvonen/saebench_pythia-160m-deduped_width-2pow${power}_date-0108`,
    revision: 'main',
    folder: '',
    format: 'dictionary_learning',
    model: PYTHIA_160M_DEDUPED,
    d_in: 768,
    d_sae: [2 ** power],
    count: 42,
    bytes: sizeOf(768, 2 ** power),
    about: 'The residual stream after layer 8: seven architectures at six sparsities, 500 million tokens each.',
    source: 'README of SAEBench',
    dictionaries: [],
  };
}

const OUTPUTS = ['layer', 'mlp', 'attention'] as const;

export const RELEASES: readonly PublishedRelease[] = [
  saelens70m('res', 'residual stream', [
    { folder: 'e-res-sm', hook: 'blocks.0.hook_resid_pre', claims: claimsAt(0) },
    ...LAYERS_70M.map((layer) => ({ folder: `${layer}-res-sm`, hook: `blocks.${layer}.hook_resid_post`, claims: claimsAt(layer + 1) })),
  ]),
  saelens70m(
    'mlp',
    'MLP outputs',
    LAYERS_70M.map((layer) => ({ folder: `${layer}-mlp-sm`, hook: `blocks.${layer}.hook_mlp_out` })),
  ),
  saelens70m(
    'att',
    'attention outputs',
    LAYERS_70M.map((layer) => ({ folder: `${layer}-att-sm`, hook: `blocks.${layer}.hook_attn_out` })),
  ),
  originals('pythia-70m-deduped', PYTHIA_70M_DEDUPED, {
    d_sae: [PAPER_RATIO * 512],
    count: PAPER_ALPHAS * LAYERS_70M.length,
    together: PAPER_ALPHAS,
    // One matrix each, and a bias.
    bytes: PAPER_ALPHAS * 4 * PAPER_RATIO * 512 * (512 + 1),
    dictionaries: LAYERS_70M.map((layer) => ({
      folder: `tied_residual_l${layer}_r${PAPER_RATIO}/${PAPER_STATE}`,
      hook: `blocks.${layer}.hook_resid_post`,
    })),
  }),
  originals('pythia-70m-deduped-layer-2', PYTHIA_70M_DEDUPED, { title: 'Pythia-70M deduped, originals of Cunningham et al., layer 2' }),
  {
    id: 'saprmarks/pythia-70m-deduped-saes',
    title: 'Pythia-70M deduped, the originals of Marks et al.',
    hub: 'saprmarks/pythia-70m-deduped-saes',
    revision: 'main',
    folder: 'dictionaries_pythia-70m-deduped_10.zip',
    format: 'dictionary_learning',
    model: PYTHIA_70M_DEDUPED,
    d_in: 512,
    d_sae: [32768],
    count: 19,
    bytes: sizeOf(512, 32768),
    about: 'One zip of about 2.5 GB, of which only the chosen dictionary is fetched; the SAELens releases above hold the same ones.',
    source: 'README of saprmarks/feature-circuits',
    dictionaries: [],
  },
  sweep70m('standard_ctx128_0712', 'ReLU', 44),
  sweep70m('topk_ctx128_0730', 'TopK', 48),
  sweep70m('gated_ctx128_0730', 'gated', 40),
  sweep70m('panneal_ctx128_0730', 'p-annealing', 56),
  sparsify('sae-pythia-70m-deduped-32k', PYTHIA_70M_DEDUPED, 32_768, OUTPUTS),
  sparsify('sae-pythia-70m-32k', PYTHIA_70M, 32_768, OUTPUTS),
  sparsify('sae-pythia-160m-deduped-32k', PYTHIA_160M_DEDUPED, 32_768, OUTPUTS),
  sparsify('sae-pythia-160m-32k', PYTHIA_160M, 32_768, OUTPUTS),
  sparsify('sae-pythia-160m-32x', PYTHIA_160M, 24_576, [], ', 32 times as many features'),
  sparsify('Pythia-160m-SST-k32-32k', PYTHIA_160M, 32_768, ['transcoder'], ', skip transcoders'),
  saebench160m(12),
  saebench160m(14),
  saebench160m(16),
  originals('pythia-410m-deduped', PYTHIA_410M_DEDUPED, { d_sae: [4096] }),
  sparsify('sae-pythia-410m-deduped-65k', PYTHIA_410M_DEDUPED, 65_536, []),
  sparsify('sae-pythia-410m-65k', PYTHIA_410M, 65_536, []),
];

/**
 * The model that a release's dictionaries were made for: some libraries' files name none.
 * @param folder of the dictionary, or a path below it
 * @returns undefined for what is not in the catalogue, or where releases differ
 */
export function findModel(hub: string, folder: string): string | undefined {
  const mine = RELEASES.filter((release) => release.hub === hub && `${folder}/`.startsWith(release.folder && `${release.folder}/`));
  const models = new Set(mine.map(({ model }) => model));
  return models.size === 1 ? mine[0].model : undefined;
}

/** What was published of a dictionary's quality; undefined where nothing is known. */
export function findClaims(hub: string, folder: string): PublishedClaims | undefined {
  return RELEASES.find((release) => release.hub === hub)?.dictionaries.find((dictionary) => dictionary.folder === folder)?.claims;
}
