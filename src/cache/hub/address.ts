/**
 * Addresses of the hub as transformers.js makes them (its `remoteHost` and `remotePathTemplate`). They are also its keys in
 * Cache Storage, so each finds what the other has kept.
 */
import { UsageError } from '../../core/errors.ts';
import { quote } from '../../core/formats/words.ts';
import type { HubModel } from '../../api/model.ts';

export const HUB = 'https://huggingface.co/';
/** The cache transformers.js keeps files in. */
export const CACHE = 'transformers-cache';

/**
 * @param host of the hub or a mirror
 * @returns the same with one slash at its end
 * @throws UsageError for what a page may not ask: anything but https, save on this machine
 */
export function checkHost(host: string): string {
  const url = URL.canParse(host) ? new URL(host) : undefined;
  const isHere = url?.hostname === 'localhost' || url?.hostname === '127.0.0.1';
  const isPlain = url && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (!isPlain || !(url.protocol === 'https:' || (url.protocol === 'http:' && isHere))) {
    throw new UsageError(
      `"${quote(host)}" is no address of a hub. It begins with https:// (or http://localhost), as in https://huggingface.co.`,
    );
  }
  return url.href.endsWith('/') ? url.href : `${url.href}/`;
}

export function fileUrl(host: string, { hub, revision }: Required<HubModel>, path: string): string {
  return `${host}${hub}/resolve/${encodeURIComponent(revision)}/${path}`;
}

/**
 * The hub's list of a repository's files. A mirror of files alone has none.
 * @param folder of it alone; '' for all
 */
export function listUrl(host: string, { hub, revision }: Required<HubModel>, folder = ''): string {
  const within = folder === '' ? '' : `/${folder.split('/').map(encodeURIComponent).join('/')}`;
  return `${host}api/models/${hub}/tree/${encodeURIComponent(revision)}${within}?recursive=true`;
}
