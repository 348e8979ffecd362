import type { PublishedSource } from '../../api/dictionaries.ts';

/** A place where dictionaries are published, for a person; no longer than what is needed to know who is asked. */
export function placeWords(source: PublishedSource): string {
  if ('url' in source) return URL.canParse(source.url) ? new URL(source.url).host : source.url;
  const { hub, revision = 'main', folder = '' } = source;
  return [revision === 'main' ? hub : `${hub}@${revision}`, folder].filter((part) => part !== '').join('/');
}
