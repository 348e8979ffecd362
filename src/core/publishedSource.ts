/** Where a dictionary is published, as it comes from links and stores. */
import type { PublishedSource } from './sae/types.ts';

const LONGEST = 300;

/** A place in the form it has, other fields left out; whether it can be asked is for whoever fetches to say. */
export function readSource(value: unknown): PublishedSource | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { url, hub, revision, folder } = value as Record<string, unknown>;
  if (isName(url)) return { url };
  if (!isName(hub) || !isNameOrAbsent(revision) || !isNameOrAbsent(folder)) return undefined;
  return { hub, ...(revision !== undefined && { revision }), ...(folder !== undefined && { folder }) };
}

/** Whether two places are one; what is left out is `main`, and the repository's own folder. */
export function isSameSource(a: PublishedSource, b: PublishedSource): boolean {
  if (!('hub' in a && 'hub' in b)) return 'url' in a && 'url' in b && a.url === b.url;
  return a.hub === b.hub && (a.revision ?? 'main') === (b.revision ?? 'main') && (a.folder ?? '') === (b.folder ?? '');
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST;
}

function isNameOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || isName(value);
}
