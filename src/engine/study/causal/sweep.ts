/** Effects of the latents of one source on the targets at one hook, context by context. */
import { changeOf, type Change } from '../../../core/interp/causal/amounts.ts';
import { effectOf, type Mode } from '../../../core/interp/causal/effect.ts';
import { nextTask } from '../../model/runtime.ts';
import type { PassStore } from '../passStore.ts';
import type { ChangedRow, Way } from './rows.ts';
import { openRunner, type Runner } from './runner.ts';
import type { Source } from './sources.ts';
import { readTargets, type Target } from './targets.ts';

export interface SweepJob {
  way: Way;
  source: Source;
  mode: Mode;
  targets: readonly Target[];
  /** Of the targets. [contexts][targets] */
  clean: readonly Float64Array[];
  /** Which context each takes values from; for 'resample'. */
  donors?: readonly number[];
  /** What else results depend on: the corpus of the means. */
  meansKey: string;
  store?: PassStore;
  /** Largest part of the store for one context. */
  storeBytes: number;
}

/** Of each target, of each context; null where the target is off. */
type Effects = (number | null)[][];

/** What rows of a context come to, by latent. */
interface Kept {
  rows: Map<number, Float32Array>;
  bytes: number;
}

/** Stands for the reconstruction error where rows are kept by latent. */
const ERROR = -1;

/** Rows that are measured together, and whose effects they are. */
interface Wanted {
  /** Place among the effects asked for. */
  place: number;
  row: ChangedRow;
  /** The latent whose whole change this is, which may be kept; absent: something else. */
  latent?: number;
}

export class Sweep {
  readonly #job: SweepJob;
  readonly #runner: Runner;
  /** What the ground comes to. [contexts][targets] */
  readonly #ground: Float64Array[] = [];
  /** Contexts in which any target is on. */
  readonly #contexts: number[];

  private constructor(job: SweepJob, runner: Runner, contexts: number[]) {
    this.#job = job;
    this.#runner = runner;
    this.#contexts = contexts;
  }

  static async open(job: SweepJob): Promise<Sweep> {
    const contexts = [...job.clean.keys()].filter((context) => job.clean[context].some((a) => a !== 0));
    const runner = await openRunner(job.way, contexts, job.mode === 'restore' ? job.source : undefined);
    const sweep = new Sweep(job, runner, contexts);
    if (job.mode === 'restore') {
      for (const context of contexts) {
        sweep.#ground[context] = await readTargets(job.way.machine, job.targets, runner.grounds[context].last);
      }
    }
    return sweep;
  }

  /** Bytes held beside the clean passes. */
  get bytes(): number {
    return this.#runner.bytes;
  }

  /** Of each latent; one that changes nothing in a context is not run there. @throws AbortedError; EngineError */
  latents(latents: readonly number[]): Promise<Effects[]> {
    const wanted = latents.flatMap((latent, place) => {
      const vector = this.#job.source.vector(latent);
      return this.#contexts.flatMap((context): Wanted[] => {
        const change = this.#change(latent, context);
        return change.positions.length === 0 ? [] : [{ place, latent, row: rowAlong(context, change, vector) }];
      });
    });
    return this.#measure(latents.length, wanted);
  }

  /** Of a latent at each of its positions alone: of each target, of each context, by position. */
  async positions(latent: number): Promise<(number[] | null)[][]> {
    const { clean, source, targets } = this.#job;
    const vector = source.vector(latent);
    const places: { context: number; position: number }[] = [];
    const wanted: Wanted[] = [];
    for (const context of this.#contexts) {
      const { positions, amounts } = this.#change(latent, context);
      positions.forEach((position, slot) => {
        wanted.push({ place: places.length, row: rowAlong(context, { positions: [position], amounts: [amounts[slot]] }, vector) });
        places.push({ context, position });
      });
    }
    const effects = await this.#measure(places.length, wanted);
    return targets.map((_, t) =>
      clean.map((values, context) => {
        if (values[t] === 0) return null;
        const by = new Array<number>(source.columns[context].length).fill(this.#untouched(t, context));
        places.forEach((at, i) => {
          if (at.context === context) by[at.position] = effects[i][t][context]!;
        });
        return by;
      }),
    );
  }

  /** The same amounts along another vector of the hook. */
  async direction(latent: number, vector: Float32Array): Promise<Effects> {
    const wanted = this.#contexts.flatMap((context): Wanted[] => {
      const change = this.#change(latent, context);
      return change.positions.length === 0 ? [] : [{ place: 0, row: rowAlong(context, change, vector) }];
    });
    return (await this.#measure(1, wanted))[0];
  }

  /** When only the reconstruction error is taken out; 0 for a source without one. Not for mode 'restore'. */
  async error(): Promise<Effects> {
    const { source } = this.#job;
    const rowOf = (context: number) => rowOfAll(context, source.minusError!(context), source.columns[context].length);
    const contexts = source.minusError ? this.#contexts : [];
    const wanted = contexts.map((context): Wanted => ({ place: 0, latent: ERROR, row: rowOf(context) }));
    return (await this.#measure(1, wanted))[0];
  }

  #change(latent: number, context: number): Change {
    const { mode, source, donors } = this.#job;
    const own = source.columns[context];
    return changeOf({ mode, own, mean: source.mean(latent), ...(donors && { other: source.columns[donors[context]] }) }, latent);
  }

  /** The effect of what changes nothing in a context. */
  #untouched(target: number, context: number): number {
    const { mode, clean } = this.#job;
    return mode === 'restore' ? effectOf(mode, clean[context][target], this.#ground[context][target]) : 0;
  }

  /** @param count effects asked for, of which those that are not in `wanted` are of what changes nothing */
  async #measure(count: number, wanted: readonly Wanted[]): Promise<Effects[]> {
    const { way, targets, clean, mode } = this.#job;
    const effects = Array.from({ length: count }, (): Effects =>
      targets.map((_, t) => clean.map((values, context) => (values[t] === 0 ? null : this.#untouched(t, context)))),
    );
    const felt = wanted.filter(({ row }) => this.#runner.isFelt(row));
    const read = await readTargets(way.machine, targets, await this.#valuesOf(felt));
    felt.forEach(({ place, row: { context } }, i) => {
      targets.forEach((_, t) => {
        const a = clean[context][t];
        if (a !== 0) effects[place][t][context] = effectOf(mode, a, read[i * targets.length + t]);
      });
    });
    await nextTask();
    return effects;
  }

  /** What rows come to, from what is kept or by running them. [rows, F] */
  async #valuesOf(wanted: readonly Wanted[]): Promise<Float32Array> {
    const kept = this.#openKept(wanted);
    const F = this.#job.targets[0].dictionary.config.d_in;
    const out = new Float32Array(wanted.length * F);
    const missing = [...wanted.keys()].filter((i) => {
      const { latent, row } = wanted[i];
      const known = latent === undefined ? undefined : kept.get(row.context)?.rows.get(latent);
      if (known) out.set(known, i * F);
      return !known;
    });
    const rows = missing.map((i) => wanted[i].row);
    await this.#runner.run(rows, (r, values) => {
      const i = missing[r];
      out.set(values, i * F);
      this.#keep(kept, wanted[i], values);
    });
    for (const [context, { rows: all, bytes }] of kept) this.#job.store?.set(this.#keyOf(context), { rows: all, bytes }, bytes);
    return out;
  }

  #openKept(wanted: readonly Wanted[]): Map<number, Kept> {
    const kept = new Map<number, Kept>();
    const { store, source } = this.#job;
    if (!store || source.key === '') return kept;
    for (const context of new Set(wanted.filter(({ latent }) => latent !== undefined).map(({ row }) => row.context))) {
      kept.set(context, store.get<Kept>(this.#keyOf(context)) ?? { rows: new Map(), bytes: 0 });
    }
    return kept;
  }

  #keep(kept: Map<number, Kept>, { latent, row }: Wanted, values: Float32Array): void {
    const own = latent === undefined ? undefined : kept.get(row.context);
    if (!own || own.bytes + values.byteLength > this.#job.storeBytes) return;
    own.rows.set(latent!, values.slice());
    own.bytes += values.byteLength;
  }

  #keyOf(context: number): string {
    const { way, source, mode, donors, meansKey } = this.#job;
    const ids = way.bases[context].ids.join();
    const on = mode === 'resample' ? way.bases[donors![context]].ids.join() : mode === 'mean' ? meansKey : '';
    return JSON.stringify([source.key, way.from.name, way.to.name, mode, ids, on]);
  }
}

function rowAlong(context: number, { positions, amounts }: Change, vector: Float32Array): ChangedRow {
  return {
    context,
    positions,
    along: { vector, amounts },
    addTo(slot, out) {
      const amount = amounts[slot];
      for (let i = 0; i < out.length; i++) out[i] += amount * vector[i];
    },
  };
}

/** @param added to every position. [pos, F] */
function rowOfAll(context: number, added: Float32Array, length: number): ChangedRow {
  const F = added.length / length;
  return {
    context,
    positions: Array.from({ length }, (_, p) => p),
    addTo(slot, out) {
      for (let i = 0; i < F; i++) out[i] += added[slot * F + i];
    },
  };
}
