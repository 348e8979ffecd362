/** What the hub's refusals mean, as sentences. */
import { EngineError, UsageError } from '../../core/errors.ts';
import { quote } from '../../core/formats/words.ts';
import type { HubModel } from '../../api/model.ts';

export interface Asked {
  model: Required<HubModel>;
  host: string;
  /** '' for the repository itself. */
  path: string;
}

/** UsageError for what is not there or not allowed, which another try does not change; else EngineError. */
export function refused(status: number, code: string, asked: Asked): Error {
  const sentence = refusal(status, code, asked);
  return status === 429 || status >= 500 ? new EngineError(sentence) : new UsageError(sentence);
}

/**
 * @param code the hub's X-Error-Code, '' when it gave none
 * @returns a sentence that names what is not there or not allowed, and what to do
 */
export function refusal(status: number, code: string, { model, host, path }: Asked): string {
  const { hub, revision } = model;
  const where = new URL(host).host;
  const what = path === '' ? hub : `${quote(path)} of ${hub}`;
  if (code === 'GatedRepo' || status === 403) {
    return `${hub} is gated: ${where} lets people in one by one (it answered ${status}), and this page asks without an account. Download its files with yours, and open them from your disk.`;
  }
  if (code === 'RevisionNotFound') return `${hub} has no revision called "${quote(revision)}" on ${where}. Check it; most have main.`;
  if (status === 401 || code === 'RepoNotFound') {
    return `${where} shows no repository called ${hub} to somebody without an account (it answered ${status}). Check the spelling; if it is private or gated, download its files with your account and open them from your disk.`;
  }
  if (status === 404) {
    return code === 'EntryNotFound'
      ? `${hub} has no ${quote(path)} at revision "${quote(revision)}".`
      : `${where} has no ${what} at revision "${quote(revision)}": the repository, the revision or the file does not exist. Check all three.`;
  }
  if (status === 429) return `${where} asks to be left alone for a while (429). What has arrived is kept; go on later.`;
  return `${what} could not be fetched: ${where} answered ${status}. What has arrived is kept; try again later.`;
}
