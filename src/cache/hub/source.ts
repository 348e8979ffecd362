/** Where published dictionaries are to be had: names and addresses as people have them, checked and told apart. */
import { UsageError } from '../../core/errors.ts';
import { quote } from '../../core/formats/words.ts';
import { checkHubModel, MAIN } from '../../core/lm/modelId.ts';
import type { HubModel } from '../../api/model.ts';
import type { PublishedSource } from '../../api/dictionaries.ts';
import { checkHost, HUB } from './address.ts';
import { isPlainPath } from './repository.ts';

/** A place in a repository. */
export interface HubPlace {
  kind: 'hub';
  host: string;
  model: Required<HubModel>;
  /** Folder or file; '' for all of it. */
  path: string;
}

/** A file somewhere else. After `#` may stand the folder of a zip. */
export interface FilePlace {
  kind: 'file';
  url: string;
  name: string;
  /** Of a zip: the folder in it that is meant. */
  inside: string;
}

export type SourcePlace = HubPlace | FilePlace;

const LONGEST_ADDRESS = 2000;
/** Other names of the hub itself. */
const HUB_HOSTS = ['huggingface.co', 'www.huggingface.co', 'hf.co'];
/** What stands first in the hub's addresses of things that are no repositories of models. */
const OTHER_KINDS = ['datasets', 'spaces', 'collections', 'papers', 'api', 'docs', 'blog', 'settings'];

/**
 * @param host of the hub or of the mirror that stands for it
 * @throws UsageError with a sentence that says what an address looks like
 */
export function placeOf(source: PublishedSource, host: string): SourcePlace {
  const given = (source ?? {}) as Partial<{ hub: unknown; revision: unknown; folder: unknown; url: unknown }>;
  const at = checkHost(host);
  if (typeof given.url === 'string') return placeOfAddress(given.url.trim(), at);
  if (typeof given.hub === 'string') {
    const { hub, revision, folder } = source as Exclude<PublishedSource, { url: string }>;
    return hubPlace(at, { hub, ...(revision !== undefined && { revision }) }, folder ?? '');
  }
  throw new UsageError('Say where the dictionary is: { hub: "owner/name", revision, folder } or { url }.');
}

function hubPlace(host: string, model: HubModel, path: string): HubPlace {
  const plain = path.replace(/^\/+|\/+$/g, '');
  if (typeof path !== 'string' || (plain !== '' && !isPlainPath(plain))) {
    throw new UsageError(
      `"${quote(String(path))}" is no folder of a repository. It has names with / between them, as in resid_post_layer_3/trainer_5.`,
    );
  }
  return { kind: 'hub', host, model: checkHubModel(model), path: plain };
}

function placeOfAddress(address: string, host: string): SourcePlace {
  const url = address.length <= LONGEST_ADDRESS && URL.canParse(address) ? new URL(address) : undefined;
  const isHere = url?.hostname === 'localhost' || url?.hostname === '127.0.0.1';
  if (!url || url.username !== '' || url.password !== '' || !(url.protocol === 'https:' || (url.protocol === 'http:' && isHere))) {
    throw new UsageError(
      `"${quote(address)}" is no address that this page can fetch from. It begins with https:// and leads to a file, or to a folder of the hub.`,
    );
  }
  return placeOnHub(url, host) ?? placeOfFile(url);
}

/** Addresses of the hub's pages and files. @returns undefined for those of other servers */
function placeOnHub(url: URL, host: string): HubPlace | undefined {
  const isHub = HUB_HOSTS.includes(url.host);
  // The same paths on a mirror are meant of that mirror; the hub's own go to whatever stands for it.
  const base = isHub ? host : url.href.startsWith(host) ? host : `${url.origin}/`;
  const path = base === host && !isHub ? url.href.slice(host.length).replace(/[?#].*$/, '') : url.pathname.slice(1);
  const parts = path.split('/').filter((part) => part !== '');
  const [owner, name, kind, revision, ...rest] = parts.map(decode);
  const isKnown = ['tree', 'blob', 'resolve', 'raw'].includes(kind ?? '') && revision !== undefined;
  if (!isHub && !isKnown) return undefined;
  if (OTHER_KINDS.includes(owner ?? '') || name === undefined || (kind !== undefined && !isKnown)) {
    throw new UsageError(
      `"${quote(url.href)}" leads to no repository of models. An address of the hub has an owner and a name, as in ${HUB}EleutherAI/sae-pythia-70m-32k/tree/main/layers.3.`,
    );
  }
  return hubPlace(base, { hub: `${owner}/${name}`, revision: revision ?? MAIN }, rest.join('/'));
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new UsageError(`"${quote(part)}" in the address is not written as addresses are. Copy the address again.`);
  }
}

function placeOfFile(url: URL): FilePlace {
  const inside = decode(url.hash.slice(1));
  url.hash = '';
  const name = decode(url.pathname.slice(url.pathname.lastIndexOf('/') + 1));
  if (!/\.(zip|pt|pth|npz|safetensors)$/i.test(name) || !isPlainPath(name)) {
    throw new UsageError(
      `"${quote(url.href)}" leads to no file of a dictionary: those end in .safetensors, .pt, .npz or .zip. Of a folder, only those of the hub can be listed.`,
    );
  }
  return { kind: 'file', url: url.href, name, inside };
}
