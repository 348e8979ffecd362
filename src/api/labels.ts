/** Names that people give to latents. */
import type { LabelEvidence } from '../core/formats/evidence.ts';
import type { Label } from '../core/formats/labels.ts';
import type { FileIn } from './model.ts';

export type { Label, LabelEvidence };

/** What a person calls latents; kept between visits, by the hash of the dictionary’s tensors. */
export interface LabelsApi {
  /** All, or those of one dictionary (by its id), by rising latent. */
  list(dictionary?: string): Promise<Label[]>;
  /**
   * At most 500 characters on one line; '' removes the label. Evidence stays as it is where none is given, and goes where that
   * is null.
   */
  set(dictionary: string, latent: number, text: string, o?: { evidence?: LabelEvidence | null }): Promise<void>;
  /** JSON of all, or of one dictionary's. */
  export(dictionary?: string): Promise<Blob>;
  /** The newer of two labels wins; what was left out, and labels of dictionaries not here, are named in the warnings. */
  import(file: FileIn): Promise<{ added: number; changed: number; unchanged: number; warnings: string[] }>;
  /** Why labels do not outlast the page, as a sentence; null while they do. */
  problem(): string | null;
  /** Called when labels were changed, here or in another tab. @returns how to stop */
  subscribe(listener: () => void): () => void;
}
