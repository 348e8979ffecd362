/** Cache Storage in memory. */

/** The part of Cache Storage that is used, with room for `room` bytes. */
export function fakeCaches(room = Infinity) {
  const stores = new Map<string, Map<string, { body: ArrayBuffer; headers: Headers }>>();
  const open = (name: string) => {
    const entries = stores.get(name) ?? new Map<string, { body: ArrayBuffer; headers: Headers }>();
    stores.set(name, entries);
    const answer = ({ body, headers }: { body: ArrayBuffer; headers: Headers }) => new Response(body.slice(0), { headers });
    return Promise.resolve({
      async put(key: string, response: Response) {
        const body = await response.arrayBuffer();
        const used = [...entries.values()].reduce((n, e) => n + e.body.byteLength, 0);
        if (used + body.byteLength > room) throw new DOMException('full', 'QuotaExceededError');
        entries.set(key, { body, headers: new Headers(response.headers) });
      },
      match: (key: string) => Promise.resolve(entries.has(key) ? answer(entries.get(key)!) : undefined),
      keys: () => Promise.resolve([...entries.keys()].map((url) => ({ url }))),
      delete: (key: string | { url: string }) => Promise.resolve(entries.delete(typeof key === 'string' ? key : key.url)),
    });
  };
  return {
    stores,
    storage: {
      open,
      has: (name: string) => Promise.resolve(stores.has(name)),
      keys: () => Promise.resolve([...stores.keys()]),
      delete: (name: string) => Promise.resolve(stores.delete(name)),
    } as unknown as CacheStorage,
  };
}
