/** The text that ships with the page, which dictionaries are measured on (scripts/prepare.mjs puts it there). */
import { download } from '../../cache/download.ts';
import { EngineError } from '../../core/errors.ts';

/** @throws EngineError when it cannot be had; AbortedError */
export async function readCorpus(base: string, signal: AbortSignal): Promise<string> {
  const label = 'The text to measure on';
  const file = await download(`${base}corpora/moby-dick.txt`, { label, signal });
  if (!file) throw new EngineError(`${label} is missing from the server; give a text of your own.`);
  return file.text();
}
