/** Every host this page asked anything of, since it was opened. Each worker has its own list; the page adds them up. */

import type { AskedHost } from '../api/model.ts';

const asked = new Map<string, AskedHost>();
/** Addresses of this page's own files, which a page asks for before a service worker sees what it asks for. */
const own = new Set<string>();

function entry(url: string): AskedHost | undefined {
  const { protocol, origin } = new URL(url, 'http://nowhere');
  // What the page made itself or carries in it is asked of nobody.
  if (!/^https?:$/.test(protocol) || origin === 'http://nowhere') return undefined;
  const known = asked.get(origin) ?? { host: origin, requests: 0, bytes: 0, last: 0 };
  asked.set(origin, known);
  return known;
}

export function noteRequest(url: string): void {
  const host = entry(url);
  if (!host) return;
  host.requests++;
  host.last = Date.now();
  if (host.host === globalThis.location?.origin) own.add(url);
}

export function ownFiles(): string[] {
  return [...own];
}

export function noteBytes(url: string, bytes: number): void {
  const host = entry(url);
  if (host) host.bytes += bytes;
}

/** By host; changing it changes nothing here. */
export function askedHosts(): AskedHost[] {
  return [...asked.values()].map((host) => ({ ...host }));
}

/** One entry a host, the one asked last first. */
export function joinHosts(lists: readonly (readonly AskedHost[])[]): AskedHost[] {
  const all = new Map<string, AskedHost>();
  for (const { host, requests, bytes, last } of lists.flat()) {
    const known = all.get(host) ?? { host, requests: 0, bytes: 0, last: 0 };
    all.set(host, { host, requests: known.requests + requests, bytes: known.bytes + bytes, last: Math.max(known.last, last) });
  }
  return [...all.values()].sort((a, b) => b.last - a.last);
}
