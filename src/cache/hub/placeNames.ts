/** What a place is called: for people, for the store, and in the request that is made there. */
import type { SourcePlace, FilePlace } from './source.ts';
import { baseName, folderOf, join } from '../../core/formats/dictionaries/files.ts';
import { isPlainPath } from './repository.ts';
import type { DictionaryFolder } from '../../core/formats/dictionaries/folders.ts';
import { MAIN } from '../../core/lm/modelId.ts';
import type { Asked } from './refusal.ts';

export function hostOf(place: SourcePlace): string {
  return place.kind === 'hub' ? place.host : `${new URL(place.url).origin}/`;
}

/** The topmost folders of what is imported: they may name the hook. */
export function titleOf(place: SourcePlace): string {
  if (place.kind === 'hub') return baseName(place.model.hub);
  const { host, pathname } = new URL(place.url);
  const folder = folderOf(pathname).slice(1);
  return join(host.replaceAll(':', '_'), isPlainPath(folder) ? folder : '').replace(/\/$/, '');
}

/** Without its query, which may hold what lets one person in. */
function addressOf({ url }: FilePlace): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

export function isPrivate(place: SourcePlace): boolean {
  return place.kind === 'file' && new URL(place.url).search !== '';
}

/** For a person too. */
export function idOf(place: SourcePlace, { path }: DictionaryFolder): string {
  if (place.kind === 'file') return [addressOf(place), ...(path === '' || path === place.name ? [] : [path])].join(' ');
  const { hub, revision } = place.model;
  return [revision === MAIN ? hub : `${hub}@${revision}`, ...(path === '' ? [] : [path])].join('/');
}

export function askedOf(place: SourcePlace, path: string): Asked {
  return place.kind === 'hub'
    ? { model: place.model, host: place.host, path }
    : { model: { hub: new URL(place.url).host, revision: 'main' }, host: hostOf(place), path };
}

export function originOf(place: SourcePlace, { path }: DictionaryFolder): string {
  if (place.kind === 'file') return `Fetched from ${addressOf(place)}.`;
  const { hub, revision } = place.model;
  return `Fetched from ${hub} on ${new URL(place.host).host}, revision ${revision}${path === '' ? '' : `, ${path}`}.`;
}
