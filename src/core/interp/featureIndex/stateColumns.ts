/** A state as named columns of numbers, in a form that depends on nothing but what was counted. */
import { FormatError } from '../../formats/bytes.ts';
import { createColumns, type ContextColumns, type ContextList } from './contextList.ts';
import { IndexState } from './indexState.ts';
import { createSampleColumns, type SampleColumns } from './sample.ts';
import { WINDOW, type IndexSizes } from './sizes.ts';
import { TokenTable, type TokenColumns } from './tokenTable.ts';

type Column = Float64Array<ArrayBuffer> | Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Int16Array<ArrayBuffer>;
export type Columns = Record<string, Column>;

const LISTS = ['drawn', 'top', 'near'] as const;

/** What of a state is single numbers. */
export interface StateFacts {
  sizes: IndexSizes;
  signed: boolean;
  tokens: number;
}

export function factsOf({ sizes, isSigned, tokens }: IndexState): StateFacts {
  return { sizes, signed: isSigned, tokens };
}

export function columnsOf(state: IndexState): Columns {
  state.sums.carry();
  state.squares.carry();
  const columns: Columns = {
    counts: state.counts,
    'sums.high': state.sums.high,
    'sums.low': state.sums.low,
    'squares.high': state.squares.high,
    'squares.low': state.squares.low,
    largest: state.largest,
    'fine.counts': state.fine.counts,
    'fine.exponents': state.fine.exponents,
    logs: state.logs,
    places: state.places,
  };
  const prefix = (name: string, more: object) => {
    for (const [key, column] of Object.entries(more)) columns[`${name}.${key}`] = column as Column;
  };
  prefix('table', state.table.columns());
  const samples = gather<SampleColumns>(state.samples, createSampleColumns);
  prefix('samples', { ends: samples.ends, ...samples.columns });
  for (const name of LISTS) {
    const lists = gather<ContextColumns>(state[name], createColumns);
    prefix(name, { ends: lists.ends, ...lists.columns });
  }
  return columns;
}

/** The lists of all latents one after the other, and where each ends. */
function gather<C>(lists: readonly { size: number; writeTo(to: C, at: number): void }[], create: (n: number) => C) {
  const ends = new Uint32Array(lists.length);
  let n = 0;
  lists.forEach((list, j) => (ends[j] = n += list.size));
  const columns = create(n);
  lists.forEach((list, j) => list.writeTo(columns, ends[j] - list.size));
  return { ends, columns };
}

/** @throws FormatError when the columns do not fit each other */
export function stateOf({ sizes, signed, tokens }: StateFacts, columns: Columns): IndexState {
  const state = new IndexState(sizes, signed);
  state.tokens = tokens;
  const fill = (name: string, to: Column) => {
    const from = columns[name];
    if (from?.constructor !== to.constructor || from.length !== to.length) throw misfit(name);
    to.set(from);
  };
  fill('counts', state.counts);
  fill('sums.high', state.sums.high);
  fill('sums.low', state.sums.low);
  fill('squares.high', state.squares.high);
  fill('squares.low', state.squares.low);
  fill('largest', state.largest);
  fill('logs', state.logs);
  fill('places', state.places);
  fill('fine.counts', state.fine.counts);
  fill('fine.exponents', state.fine.exponents);
  state.fine.restored();
  state.table = TokenTable.from(
    sameLength<TokenColumns>(columns, 'table', ['latents', 'tokens', 'counts', 'high', 'low', 'largest'], sizes),
  );
  const samples = sameLength<SampleColumns>(columns, 'samples', ['hashes', 'tokens', 'values'], sizes);
  eachPart(columns, 'samples', samples.hashes.length, sizes, (j, first, end) => state.samples[j].take(samples, first, end));
  for (const name of LISTS) {
    const lists = sameLength<ContextColumns>(columns, name, ['keys', 'values', 'documents', 'positions'], sizes);
    const n = lists.keys.length;
    if (lists.ids?.length !== n * WINDOW || lists.around?.length !== n * WINDOW) throw misfit(name);
    const of: readonly ContextList[] = state[name];
    eachPart(columns, name, n, sizes, (j, first, end) => of[j].take(lists, first, end));
  }
  return state;
}

function eachPart(
  columns: Columns,
  name: string,
  n: number,
  { d_sae }: IndexSizes,
  take: (j: number, first: number, end: number) => void,
): void {
  const ends = columns[`${name}.ends`];
  if (ends?.length !== d_sae || (d_sae > 0 && ends[d_sae - 1] !== n)) throw misfit(name);
  for (let j = 0, first = 0; j < d_sae; first = ends[j++]) {
    if (ends[j] < first || ends[j] > n) throw misfit(name);
    take(j, first, ends[j]);
  }
}

function sameLength<C extends object>(columns: Columns, name: string, keys: readonly (keyof C & string)[], sizes: IndexSizes): C {
  const found = Object.fromEntries(
    Object.entries(columns)
      .filter(([key]) => key.startsWith(`${name}.`))
      .map(([key, column]) => [key.slice(name.length + 1), column]),
  );
  const n = found[keys[0]]?.length;
  if (n === undefined || keys.some((key) => found[key]?.length !== n)) throw misfit(name);
  if (name === 'table' && (found.latents.some((latent) => latent >= sizes.d_sae) || !found.inexact)) throw misfit(name);
  return found as C;
}

function misfit(name: string): FormatError {
  return new FormatError(`The index is damaged: its ${name} do not fit what its beginning says.`);
}
