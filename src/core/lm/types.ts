/** Plain data of the model that core works with; all of it survives structured cloning. */

/** Row-major numbers with their shape; `data.length` is the product of `shape`. */
export type Array2 = { data: Float32Array; shape: number[] };

/** Where an edit acts: token positions, rows of a batch; everywhere when absent. */
export type Where = { positions?: number[]; rows?: number[] };

/** A change made to the activations of one hook while the model runs. */
export type HookEdit = Where &
  (
    | { hook: string; op: 'add'; vector: Float32Array }
    | { hook: string; op: 'scale'; factor: number }
    | { hook: string; op: 'set'; value: Array2 }
    | { hook: string; op: 'project_out'; direction: Float32Array; bias?: number }
  );

/** A change made through latents of a dictionary, at the hook it reads. */
export type LatentEdit = Where & {
  /** Id of a dictionary of the library. */
  dictionary: string;
} & ({ latent: number; op: 'ablate' | 'scale' | 'set' | 'add'; value?: number } | LatentPatch | Splice);

/** Puts the dictionary's reconstruction in place of the activations: what it does not explain is dropped. */
type Splice = { op: 'splice' };

/** Gives many latents the values they have elsewhere: x + Σ (value − c)·d over `latents` (Cunningham et al. 2023, section 4.1). */
export type LatentPatch = {
  op: 'patch';
  latents: number[];
  /**
   * A value for each latent, the same at every position: [latents]; for each position, or each of `positions`:
   * [latents, pos]; in a batch also for each row: [rows, latents, pos].
   */
  values: Array2;
};

export type Edit = HookEdit | LatentEdit;

export type HookInfo = {
  name: string;
  /** 'pos' stands for the number of tokens; a batch adds a leading axis. */
  shape: (number | 'pos')[];
  editable: boolean;
};

/** A model on the Hugging Face hub or a mirror of it. */
export type HubModel = {
  /** Owner and name: 'EleutherAI/pythia-70m-deduped'. */
  hub: string;
  /** Branch, tag or commit; default 'main'. Pythia has step0 … step143000. */
  revision?: string;
};
