/** What a server says of the file it sends: where the bytes begin, how many there are, and of which version. */
import type { HubFile } from './fetchFile.ts';
import { validatorOf } from './version.ts';
import { type Asked, refused } from './refusal.ts';
import { FormatError } from '../../core/formats/bytes.ts';
import type { Held } from './parts.ts';

export interface Answer {
  start: number;
  total: number | null;
  validator: string | null;
  sha256: string | null;
}

export function readAnswer(response: Response, file: HubFile, from: number): Answer {
  if (file.stretch) return readStretch(response, file.bytes!, file.stretch, from);
  const { status, headers } = response;
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '');
  const length = headers.get('content-encoding') ? null : count(headers.get('content-length'));
  const start = status === 206 ? (range ? Number(range[1]) : from) : 0;
  const stated = range ? count(range[2]) : (count(headers.get('x-linked-size')) ?? (length === null ? null : start + length));
  // What the hub links is named by its SHA-256. Other ETags of that form are not: the hub's own store gives another hash.
  const linked = unquoted(headers.get('x-linked-etag'));
  return {
    start,
    total: stated ?? file.bytes ?? null,
    validator: validatorOf(headers),
    sha256: linked !== null && /^[0-9a-f]{64}$/.test(linked) ? linked : null,
  };
}

/** Counted from the stretch's own beginning; what is no answer to just this range gets another length, or none. */
function readStretch({ status, headers }: Response, bytes: number, { from, of }: { from: number; of: number }, held: number): Answer {
  const [, start, end, whole] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers.get('content-range') ?? '') ?? [];
  // Another origin may not show its Content-Range; then the length of the answer has to tell, and the archive's checksum.
  const isIt =
    start === undefined
      ? count(headers.get('content-length')) === bytes - held
      : Number(start) === from + held && Number(end) === from + bytes - 1 && Number(whole) === of;
  return { start: held, total: status === 206 && isIt ? bytes : null, validator: validatorOf(headers), sha256: null };
}

function count(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function unquoted(etag: string | null): string | null {
  return etag === null ? null : etag.replace(/^W\//, '').replaceAll('"', '');
}

/** @throws FormatError, EngineError, UsageError */
export function checkAnswer(response: Response, { total, sha256 }: Answer, file: HubFile, asked: Asked): void {
  if (!response.ok) throw refused(response.status, response.headers.get('x-error-code') ?? '', asked);
  if (!response.body) throw new FormatError(`The server sent nothing where ${nameOf(asked)} should be. Try again later.`);
  if (/text\/html/i.test(response.headers.get('content-type') ?? '')) {
    throw new FormatError(
      `${new URL(response.url || file.url).host} sent a web page where ${nameOf(asked)} should be. Perhaps the network asks for a login, or the address of the hub is wrong.`,
    );
  }
  if (file.stretch && (response.status !== 206 || total !== file.bytes)) {
    throw new FormatError(
      `${nameOf(asked)} cannot be fetched alone: ${new URL(file.url).host} sends other parts of the archive than it is asked for. Download the archive, and drop it here.`,
    );
  }
  const wrong = total !== null && file.bytes !== undefined && total !== file.bytes;
  if (wrong)
    throw new FormatError(
      `${nameOf(asked)} has ${file.bytes} bytes by the list of the hub, but the server sends ${total}. Try again later.`,
    );
  if (total !== null && total > MOST_BYTES) throw new FormatError(`${nameOf(asked)} has ${total} bytes, which no browser can hold.`);
  if (sha256 && !file.sha256) file.sha256 = sha256;
}

/** Whether an answer is the rest of what is held. Without a name for the file's state, only its hash can tell in the end. */
export function continues(held: Held, answer: Answer, from: number, file: HubFile): boolean {
  const same = held.validator === null || answer.validator === null ? file.sha256 !== undefined : held.validator === answer.validator;
  return same && answer.start === from && (held.total === null || held.total === answer.total);
}

/** Larger than any model that would fit in a tab. */
const MOST_BYTES = 16 * 2 ** 30;

export function nameOf({ model, path }: Asked): string {
  return `${path} of ${model.hub}`;
}
