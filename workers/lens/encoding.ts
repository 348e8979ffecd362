/** What dictionaries make of text, on the model in use. */
import { UsageError } from '../../src/core/errors.ts';
import type { Features, FeaturesOptions, Latents, Source } from '../../src/api/dictionaries.ts';
import type { Array2 } from '../../src/api/model.ts';
import { hasSkip, type Dictionary } from '../../src/core/sae/dictionary.ts';
import { explainWindow } from '../../src/core/sae/explained.ts';
import { checkActs, encodeActivations, readActivations, type Activations } from '../../src/engine/dictionary/encode.ts';
import type { CallContext } from '../rpc.ts';
import { toRows } from '../inputs.ts';
import type { Workbench } from './workbench.ts';

export class EncodingService {
  readonly #bench: Workbench;

  constructor(bench: Workbench) {
    this.#bench = bench;
  }

  async encode({ signal }: CallContext, source: Source, id: string): Promise<Latents> {
    const dictionary = await this.#bench.library.get(id);
    const acts = await this.#activations(signal, source, dictionary);
    return encodeActivations(await this.#bench.engine(), dictionary, acts, signal);
  }

  async decode(_: CallContext, id: string, latents: Latents, options: { x?: Array2 } = {}): Promise<Array2> {
    const dictionary = await this.#bench.library.get(id);
    return this.#decoded(dictionary, latents, options.x && checkActs(options.x, dictionary).data);
  }

  async reconstruct({ signal }: CallContext, source: Source, id: string): Promise<Array2> {
    const dictionary = await this.#bench.library.get(id);
    const acts = await this.#activations(signal, source, dictionary);
    const latents = await encodeActivations(await this.#bench.engine(), dictionary, acts, signal);
    return this.#decoded(dictionary, latents, acts.data);
  }

  /** Latents and the explained share together, so that neither activations nor reconstructions cross. */
  async features({ signal }: CallContext, source: Source, id: string, { skip = 0 }: FeaturesOptions = {}): Promise<Features> {
    const dictionary = await this.#bench.library.get(id);
    const acts = withoutFirst(await this.#activations(signal, source, dictionary), skip, dictionary);
    const latents = await encodeActivations(await this.#bench.engine(), dictionary, acts, signal);
    // What fires is worth having also where the rest cannot be had.
    const decoded = await this.#decoded(dictionary, latents, acts.data).catch(() => null);
    return { ...latents, explained: decoded && explainWindow(acts.data, decoded.data, latents.rows.length - 1) };
  }

  async #decoded(dictionary: Dictionary, latents: Latents, x: Float32Array | undefined): Promise<Array2> {
    const engine = await this.#bench.engine();
    const data = await engine.decode(dictionary, latents, x && hasSkip(dictionary.config.architecture) ? { x } : {});
    return { data, shape: [data.length / dictionary.config.d_out, dictionary.config.d_out] };
  }

  /** Activations of the dictionary's hook: given ones need no model. */
  async #activations(signal: AbortSignal, source: Source, dictionary: Dictionary): Promise<Activations> {
    if (typeof source === 'object' && source !== null && 'acts' in source) return checkActs(source.acts, dictionary);
    return this.#bench.use(signal, (loaded) => readActivations(loaded.model, toRows(source, loaded), dictionary, signal));
  }
}

/** @throws UsageError unless `skip` rows can be left out of one text */
function withoutFirst({ data, lengths }: Activations, skip: number, { config: { d_in } }: Dictionary): Activations {
  if (skip === 0) return { data, lengths };
  const [rows] = lengths;
  if (lengths.length !== 1) throw new UsageError('`skip` is for one text, not a batch.');
  if (!Number.isInteger(skip) || skip < 0 || skip >= rows) {
    throw new UsageError(`\`skip\` must be a whole number below the ${rows} rows of the text; it is ${JSON.stringify(skip)}.`);
  }
  return { data: data.subarray(skip * d_in), lengths: [rows - skip] };
}
