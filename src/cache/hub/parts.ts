/**
 * What has arrived of files that are still on their way, in IndexedDB: pieces of a few MiB (a value over 127 MiB is
 * refused by Chromium), then the note of how many there are. A piece without its note does not count, so a stop at any
 * moment leaves a beginning that is exactly as long as its note says.
 */
import { createStore, del, delMany, get, keys, set, update, type UseStore } from 'idb-keyval';
import { isOther, type FileVersion } from './version.ts';

/** What is known of a file's beginning. */
export interface Held extends FileVersion {
  bytes: number;
  /** Bytes of the whole file; null: the server did not say. */
  total: number | null;
  /** Null: the server gave none. */
  validator: string | null;
  /** It is whole and was found to be what it should be. */
  checked: boolean;
}

/** A file in one version, as far as that is known. */
export type Sought = FileVersion & { url: string; bytes: number };

export interface PartStore {
  held(url: string): Promise<Held | undefined>;
  /**
   * Adds to what is held; the first call begins. Where the browser keeps nothing it is held until the page is closed.
   * @param at the file's byte with which the piece begins
   * @throws EndsElsewhereError when what is held does not end there; then nothing is added
   */
  add(url: string, about: Pick<Held, 'total' | 'validator' | 'oid'>, piece: Blob, at: number): Promise<void>;
  /** Notes that what is held is whole and right. @returns whether it will be here at the next visit */
  accept(url: string): Promise<boolean>;
  /** All that is held, in order. */
  join(url: string): Promise<Blob>;
  forget(url: string): Promise<void>;
}

/** Somebody else deleted the beginning, or added to it. */
export class EndsElsewhereError extends Error {
  override name = 'EndsElsewhereError';
}

const VERSION = 1;

interface Note extends Held {
  version: number;
  pieces: number[];
}

export function createPartStore(name = 'featurescope'): PartStore {
  const notes = createStore(`${name}-hub-notes`, 'kv');
  const pieces = createStore(`${name}-hub-pieces`, 'kv');
  /** Of files whose pieces the browser would not take. */
  const inMemory = new Map<string, { note: Note; blobs: Blob[] }>();
  const read = async (url: string): Promise<Note | undefined> => {
    const note = inMemory.get(url)?.note ?? (await get<unknown>(url, notes).catch(() => undefined));
    return isNote(note) ? note : undefined;
  };
  const join = async (url: string) => {
    const blobs = inMemory.get(url)?.blobs ?? (await readPieces(url, await read(url), pieces));
    return new Blob(blobs);
  };
  return {
    async held(url) {
      const note = await read(url);
      return note && { bytes: note.bytes, total: note.total, validator: note.validator, oid: note.oid, checked: note.checked };
    },
    async add(url, about, piece, at) {
      const before = await read(url);
      const note = noteAfter(before, about, piece, at);
      const memory = inMemory.get(url);
      if (memory) {
        memory.note = note;
        memory.blobs.push(piece);
        return;
      }
      if (await writePiece({ notes, pieces }, url, note, about, piece, at)) return;
      const blobs = before ? await readPieces(url, before, pieces) : [];
      inMemory.set(url, { note, blobs: [...blobs, piece] });
    },
    async accept(url) {
      const note = await read(url);
      if (!note || note.bytes !== note.total || inMemory.has(url)) return false;
      return set(url, { ...note, checked: true }, notes).then(
        () => true,
        () => false,
      );
    },
    join,
    async forget(url) {
      inMemory.delete(url);
      await del(url, notes).catch(() => undefined);
      const mine = await keys<string>(pieces).catch(() => []);
      await delMany(
        mine.filter((key) => key.startsWith(`${url} `)),
        pieces,
      ).catch(() => undefined);
    },
  };
}

/**
 * @param note as it will be
 * @returns false when the browser refuses the piece
 * @throws EndsElsewhereError; then nothing of it stays
 */
async function writePiece(
  { notes, pieces }: Record<'notes' | 'pieces', UseStore>,
  url: string,
  note: Note,
  about: Pick<Held, 'total' | 'validator' | 'oid'>,
  piece: Blob,
  at: number,
): Promise<boolean> {
  const key = keyOf(url, note.pieces.length - 1);
  try {
    await set(key, piece, pieces);
    // Looked at again in one step with writing: it may have been deleted since.
    await update<unknown>(url, (now) => noteAfter(isNote(now) ? now : undefined, about, piece, at), notes);
    return true;
  } catch (error) {
    if (!(error instanceof EndsElsewhereError)) return false;
    await del(key, pieces);
    throw error;
  }
}

/** Bytes of a version that have arrived; what is of another version is fetched anew. */
export async function bytesHeld(parts: PartStore, file: Sought): Promise<number> {
  const held = await parts.held(file.url);
  return held && !isOther(held, file) ? Math.min(file.bytes, held.bytes) : 0;
}

/** @throws EndsElsewhereError */
function noteAfter(before: Note | undefined, about: Pick<Held, 'total' | 'validator' | 'oid'>, piece: Blob, at: number): Note {
  const { bytes, pieces } = before ?? { bytes: 0, pieces: [] };
  if (bytes !== at) throw new EndsElsewhereError(`A piece begins at byte ${at}, but ${bytes} bytes are held.`);
  return { version: VERSION, ...about, checked: false, bytes: at + piece.size, pieces: [...pieces, piece.size] };
}

function keyOf(url: string, index: number): string {
  return `${url} ${index}`;
}

/** @throws when one is not what its note says */
async function readPieces(url: string, note: Note | undefined, pieces: UseStore): Promise<Blob[]> {
  const blobs: Blob[] = [];
  for (const [index, size] of (note?.pieces ?? []).entries()) {
    const piece = await get<unknown>(keyOf(url, index), pieces);
    if (!(piece instanceof Blob) || piece.size !== size) throw new Error('A piece is missing.');
    blobs.push(piece);
  }
  return blobs;
}

function isNote(value: unknown): value is Note {
  const { version, bytes, total, validator, oid, checked, pieces } = (value ?? {}) as Partial<Note>;
  return (
    version === VERSION &&
    Number.isSafeInteger(bytes) &&
    (total === null || Number.isSafeInteger(total)) &&
    (validator === null || typeof validator === 'string') &&
    // Absent from notes of earlier builds.
    (oid === undefined || typeof oid === 'string') &&
    typeof checked === 'boolean' &&
    Array.isArray(pieces) &&
    pieces.reduce((sum: number, size) => sum + Number(size), 0) === bytes
  );
}
