/** All that the files of a dictionary say of it, for its card. */
import type { StoredInfo } from '../../src/cache/dictionaryStore.ts';
import { EXPORT_FORMATS, exportObstacle } from '../../src/core/formats/dictionaries/export.ts';
import type { OpenedDictionary } from '../../src/core/formats/dictionaries/opened.ts';
import type { DictionaryCard } from '../../src/api/dictionaries.ts';

/** @param misfit why it does not fit the model in use; '' when it fits */
export function cardOf(info: StoredInfo, opened: OpenedDictionary, misfit: string): DictionaryCard {
  return {
    info,
    misfit,
    tensors: opened.parts.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
    config: flatten(opened.config) ?? {},
    record: flatten(opened.record),
    density: densityOf(opened),
    notes: opened.notes ?? [],
    exports: EXPORT_FORMATS.map((format) => ({ format, obstacle: exportObstacle(opened.config, format) })),
  };
}

/** SAELens writes log10(frequency + 1e-10). */
export function densityOf({ sparsity }: OpenedDictionary): Float32Array<ArrayBuffer> | null {
  return sparsity ? sparsity.map((log) => Math.max(0, Math.min(1, 10 ** log - 1e-10))) : null;
}

/** Enough of a record for any person to read. */
const MAX_RECORD = 100;
const MAX_RECORD_TEXT = 300;
const MAX_LIST = 8;

/** One level of plain values, "optimizer.lr" for deeper ones; what is longer is cut, since a file may say anything. */
function flatten(value: unknown, prefix = '', into: Record<string, string | number | boolean> = {}): typeof into | null {
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, inner] of Object.entries(value)) {
    if (Object.keys(into).length >= MAX_RECORD) break;
    const name = `${prefix}${key}`.slice(0, MAX_RECORD_TEXT);
    if (typeof inner === 'number' || typeof inner === 'boolean') into[name] = inner;
    else if (typeof inner === 'string') into[name] = inner.slice(0, MAX_RECORD_TEXT);
    // Curves are for programs.
    else if (Array.isArray(inner) && inner.length > MAX_LIST) continue;
    else if (typeof inner === 'object' && inner !== null && prefix.length < MAX_RECORD_TEXT) flatten(inner, `${name}.`, into);
  }
  return into;
}
