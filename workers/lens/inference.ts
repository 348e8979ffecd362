/** Running the model in use. */
import { UsageError } from '../../src/core/errors.ts';
import type {
  Detokenized,
  Edit,
  Generated,
  GenerateOptions,
  Input,
  Live,
  Predictions,
  RunOptions,
  RunResult,
  Tokenized,
} from '../../src/api/model.ts';
import { tokenizerOf } from '../../src/engine/model/openModel.ts';
import { predict } from '../../src/engine/model/predict.ts';
import { checkRows, run, type EditMeans } from '../../src/engine/model/run.ts';
import type { CallContext } from '../rpc.ts';
import { toRows } from '../inputs.ts';
import { describeTokens } from './inputs.ts';
import type { Workbench } from './workbench.ts';

export class InferenceService {
  readonly #bench: Workbench;

  constructor(bench: Workbench) {
    this.#bench = bench;
  }

  tokenize(_: CallContext, text: string): Promise<Tokenized> {
    return this.#bench.use(undefined, (loaded) => Promise.resolve(tokenizerOf(loaded).tokenize(text)));
  }

  detokenize(_: CallContext, batch: number[][]): Promise<Detokenized[]> {
    return this.#bench.use(undefined, (loaded) => {
      const { ids } = toRows({ batch }, loaded);
      return Promise.resolve(
        ids.map((row) => ({ ...describeTokens({ ids: row }, row, loaded), text: loaded.tokenizer?.decode(row) ?? '' })),
      );
    });
  }

  run({ signal }: CallContext, input: Input, options: RunOptions = {}): Promise<RunResult> {
    return this.#bench.use(signal, async (loaded) => {
      return run(loaded.model, toRows(input, loaded), { ...options, ...(await this.#means(options.edits)) }, signal);
    });
  }

  predict({ signal }: CallContext, input: Input, options: { k?: number; edits?: Edit[] } = {}): Promise<Predictions> {
    return this.#bench.use(signal, async (loaded) => {
      const { model, info, tokenizer } = loaded;
      const rows = toRows(input, loaded);
      if (rows.isBatch) throw new UsageError('predict takes one text; for a batch use run with logits.');
      checkRows(rows, model.config);
      const ids = rows.ids[0];
      const means = await this.#means(options.edits);
      const statistics = await predict(model, ids, { ...options, ...means, n_tokens: info.n_tokens }, signal);
      const token = (id: number) => tokenizer?.token(id) ?? `[${id}]`;
      const topTokens = Object.fromEntries(
        [...new Set([...statistics.topIds, ...(statistics.comparison?.idsBefore ?? [])])].map((id) => [id, token(id)]),
      );
      return { ...describeTokens(input, ids, loaded), ...statistics, topTokens };
    });
  }

  /** Reports each new token's id with the whole continuation so far. */
  generate({ signal, progress }: CallContext<{ id: number; text: string }>, input: Input, options: GenerateOptions): Promise<Generated> {
    return this.#bench.use(signal, async (loaded) => {
      const rows = toRows(input, loaded);
      if (rows.isBatch) throw new UsageError('generate takes one text, not a batch.');
      // Loaded when first needed: the library is large and the page starts without it.
      const { generate } = await import('../../src/engine/model/generate.ts');
      const decode = (ids: number[]) => loaded.tokenizer?.decode(ids) ?? '';
      const soFar: number[] = [];
      const ids = await generate(loaded.model, rows.ids[0], {
        options,
        n_tokens: loaded.info.n_tokens,
        ...(await this.#means(options.edits)),
        stop: signal,
        onToken: (id) => {
          soFar.push(id);
          progress({ id, text: decode(soFar) });
        },
      });
      return { ids, text: decode(ids) };
    });
  }

  /** The dictionaries that edits name, and the engine that encodes with them; neither where none is named. */
  async #means(edits: Edit[] | undefined): Promise<EditMeans> {
    const dictionaries = await this.#bench.library.forEdits(edits);
    return dictionaries.size > 0 ? { dictionaries, engine: await this.#bench.engine() } : {};
  }

  async live(_: CallContext): Promise<Live> {
    const { sessions, buffers } = this.#bench.runtime.live;
    const engine = await this.#bench.engine();
    return { sessions, buffers, calls: this.#bench.calls, kernels: engine.kernels, keptBytes: engine.keptBytes() };
  }
}
