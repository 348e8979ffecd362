/**
 * One file of the hub, whole or not at all. What arrives is kept as it arrives and a cut download goes on at the byte
 * where it stopped, also after a reload. Ranges are asked for with `Range` alone, which needs no CORS preflight that a
 * mirror might refuse; that the file is still the same is told by ETag, Last-Modified and length of the answer, and by what
 * the hub's list calls its content.
 */
import { AbortedError, EngineError, throwIfStopped } from '../../core/errors.ts';
import { FormatError } from '../../core/formats/bytes.ts';
import { sha256Of, toHex } from '../../core/formats/sha256.ts';
import { refuseImpostor } from '../../core/formats/text.ts';
import { noteBytes } from '../requestLog.ts';
import { ask, CutError, pause, type AskOptions } from './ask.ts';
import { EndsElsewhereError, type Held, type PartStore } from './parts.ts';
import type { Asked } from './refusal.ts';
import { isOther, type FileVersion } from './version.ts';
import { nameOf, readAnswer, checkAnswer, continues, type Answer } from './answer.ts';

/** Its version is that of the list, or of the answer that told its length. */
export interface HubFile extends FileVersion {
  url: string;
  /** As the hub lists it; absent: it does not say. */
  bytes?: number;
  /** Of files in the hub's large-file store. Others have a git object id, which is no hash of the file's bytes alone and is not compared. */
  sha256?: string;
  optional?: boolean;
  /** A stretch of a larger file (an entry of an archive) is wanted alone; `bytes` are its own. `url` then ends in a fragment that tells it from others. */
  stretch?: { from: number; of: number };
}

interface FetchOptions extends AskOptions {
  parts: PartStore;
  onBytes: (loaded: number) => void;
  /** Kept in pieces of this size. */
  pieceBytes?: number;
}

const PIECE_BYTES = 4 * 2 ** 20;
/** Held in memory once, before the model is. */
const MOST_HASHED_WHOLE = 512 * 2 ** 20;
/** Times a file may change under our hands. */
const MOST_RESTARTS = 3;

type Outcome = 'done' | 'cut' | 'changed' | 'missing';

/**
 * @param asked for sentences
 * @returns undefined when an optional file is not there
 * @throws FormatError for a web page, a wrong length or a wrong hash (what arrived is thrown away); EngineError when the
 *   server or the network fails (what arrived is kept), or when it was deleted meanwhile; UsageError when it is not there or
 *   not allowed; AbortedError (kept too)
 */
export async function fetchHubFile(file: HubFile, asked: Asked, options: FetchOptions): Promise<Blob | undefined> {
  const { parts, patience, signal, onNote } = options;
  let failures = 0;
  let restarts = 0;
  for (let cuts = 0; ;) {
    const before = (await parts.held(file.url))?.bytes ?? 0;
    const outcome = await attempt(file, asked, options);
    if (outcome === 'missing') return undefined;
    if (outcome === 'done') return finish(file, asked, options);
    const after = (await parts.held(file.url))?.bytes ?? 0;
    if (outcome === 'changed') {
      if (++restarts > MOST_RESTARTS) {
        throw new EngineError(`${nameOf(asked)} changes on the server again and again while it is fetched. Try again later.`);
      }
      continue;
    }
    failures = after > before ? 1 : failures + 1;
    if (failures > patience.retries || ++cuts > patience.cuts) throw new EngineError(await cutWords(file, asked, parts));
    const wait = patience.backoffMs(failures - 1);
    onNote(`The connection was cut; going on in ${Math.max(1, Math.round(wait / 1000))} s at byte ${after}.`);
    await pause(wait, signal);
    onNote(null);
  }
}

async function cutWords(file: HubFile, asked: Asked, parts: PartStore): Promise<string> {
  const held = await parts.held(file.url);
  const total = held?.total ?? file.bytes;
  const how = held ? `${held.bytes}${total ? ` of ${total}` : ''} bytes are here and kept` : 'nothing has arrived yet';
  return `${nameOf(asked)} could not be fetched to its end: ${new URL(asked.host).host} cannot be reached, or the connection is cut each time (${how}). Look at the connection, then resume.`;
}

async function attempt(file: HubFile, asked: Asked, options: FetchOptions): Promise<Outcome> {
  const { parts } = options;
  const held = await parts.held(file.url);
  if (held && isStale(held, file)) return startAgain(file, parts);
  if (held && isComplete(held)) return 'done';
  const from = held?.bytes ?? 0;
  let response: Response;
  try {
    // Also from the first byte: a range is never compressed, so lengths mean what they say.
    response = await ask(file.url, { Range: rangeFrom(file, from) }, asked, options);
  } catch (error) {
    if (error instanceof CutError) return 'cut';
    throw error;
  }
  const answer = readAnswer(response, file, from);
  const drop = () => void response.body?.cancel().catch(() => undefined);
  if (response.status === 404 && file.optional) return (drop(), 'missing');
  if (response.status === 416 && from > 0) return (drop(), await startAgain(file, parts));
  try {
    checkAnswer(response, answer, file, asked);
  } catch (error) {
    drop();
    throw error;
  }
  if (held ? !continues(held, answer, from, file) : answer.start !== 0) {
    await startAgain(file, parts);
    // A whole file is as good from its beginning.
    if (answer.start !== 0) return (drop(), 'changed');
    return receive(response, answer, 0, file, asked, options);
  }
  return receive(response, answer, from, file, asked, options);
}

/** Whether what is held is of another version than is to be had now, as far as lengths and names tell. */
function isStale(held: Held, file: HubFile): boolean {
  if (file.bytes !== undefined && held.total !== file.bytes) return true;
  // Whether a part can go on is told by the answer's own validator.
  return isOther(held, isComplete(held) ? file : { oid: file.oid });
}

function isComplete({ bytes, total }: Held): boolean {
  return total !== null && bytes === total;
}

function rangeFrom({ stretch, bytes }: HubFile, from: number): string {
  return stretch ? `bytes=${stretch.from + from}-${stretch.from + bytes! - 1}` : `bytes=${from}-`;
}

async function startAgain(file: HubFile, parts: PartStore): Promise<'changed'> {
  await parts.forget(file.url);
  return 'changed';
}

async function receive(
  response: Response,
  answer: Answer,
  from: number,
  file: HubFile,
  asked: Asked,
  options: FetchOptions,
): Promise<Outcome> {
  const { parts, onBytes, signal, patience, pieceBytes = PIECE_BYTES } = options;
  const { total } = answer;
  const reader = response.body!.getReader();
  let waiting: Uint8Array<ArrayBuffer>[] = [];
  let unsaved = 0;
  let loaded = from;
  const save = async () => {
    if (unsaved === 0) return;
    const piece = new Blob(waiting);
    waiting = [];
    unsaved = 0;
    await addPiece(parts, file, asked, answer, piece, loaded);
  };
  try {
    for (;;) {
      const { done, value } = await orStall(reader.read(), patience.stallMs, signal);
      if (done) break;
      loaded += value.byteLength;
      noteBytes(response.url || file.url, value.byteLength);
      if (total !== null && loaded > total) {
        await parts.forget(file.url);
        throw new FormatError(
          `The server sends more of ${nameOf(asked)} than the ${total} bytes it has. What arrived was thrown away; try again later.`,
        );
      }
      waiting.push(value);
      unsaved += value.byteLength;
      onBytes(loaded);
      if (unsaved >= pieceBytes) await save();
    }
  } catch (error) {
    void reader.cancel().catch(() => undefined);
    if (error instanceof FormatError || error instanceof EngineError) throw error;
    await save().finally(() => throwIfStopped(signal));
    return 'cut';
  }
  await save();
  if (total === null) {
    // No length was given: what ended without an error is taken as whole.
    await addPiece(parts, file, asked, { ...answer, total: loaded }, new Blob(), loaded);
    return 'done';
  }
  return loaded === total ? 'done' : 'cut';
}

/** @throws EngineError when somebody deleted what the piece goes on from */
async function addPiece(
  parts: PartStore,
  { url, oid }: HubFile,
  asked: Asked,
  { total, validator }: Answer,
  piece: Blob,
  end: number,
): Promise<void> {
  try {
    await parts.add(url, { total, validator, oid }, piece, end - piece.size);
  } catch (error) {
    if (!(error instanceof EndsElsewhereError)) throw error;
    throw new EngineError(`What had arrived of ${nameOf(asked)} was deleted while the rest was on its way. Fetch it again.`, {
      cause: error,
    });
  }
}

/** @throws when nothing comes for too long, or AbortedError */
async function orStall<T>(read: Promise<T>, ms: number, signal: AbortSignal): Promise<T> {
  let stop = () => {};
  const stalled = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(new CutError('Nothing came.')), ms);
    const abort = () => reject(new AbortedError());
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    stop = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    };
  });
  read.catch(() => undefined);
  return Promise.race([read, stalled]).finally(stop);
}

/** The browser's own SHA-256 is many times as fast as ours and takes the whole file; larger ones are read in slices. */
async function hashOf(blob: Blob, signal: AbortSignal): Promise<string> {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (!subtle || blob.size > MOST_HASHED_WHOLE) return sha256Of(blob, signal);
  const hash = await subtle.digest('SHA-256', await blob.arrayBuffer());
  throwIfStopped(signal);
  return toHex(hash);
}

async function finish(file: HubFile, asked: Asked, { parts, signal, onNote }: FetchOptions): Promise<Blob> {
  const name = nameOf(asked);
  try {
    const held = await parts.held(file.url);
    const blob = await parts.join(file.url).catch(() => {
      throw new FormatError(`A part of ${name} that was kept is gone. It has to be fetched anew: try again.`);
    });
    await refuseImpostor(blob, name, 'file');
    const wanted = file.bytes ?? held?.total;
    if (blob.size !== wanted)
      throw new FormatError(`${name} arrived with ${blob.size} bytes instead of ${wanted}. It was thrown away; try again.`);
    if (file.sha256) onNote(`Checking ${asked.path}.`);
    if (file.sha256 && (await hashOf(blob, signal)) !== file.sha256) {
      throw new FormatError(`${name} arrived damaged: its SHA-256 is not the one the hub gives. It was thrown away; try again.`);
    }
    onNote(null);
    return blob;
  } catch (error) {
    if (error instanceof FormatError) await parts.forget(file.url);
    throw error;
  }
}
