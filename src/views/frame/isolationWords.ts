/** Whether the CPU has threads, and why not, in sentences. */
import type { IsolationStatus, OfflineStatus } from '../../api/storage.ts';

const WORDS: Record<Exclude<IsolationStatus['state'], 'waiting'>, string> = {
  isolated: 'Threads are available: the page is cross-origin isolated.',
  ready: 'The CPU works with one thread until this page is loaded again: the server does not isolate it, so its service worker does.',
  off: 'The CPU works with one thread: the server does not isolate the page, and its service worker was told not to.',
  refused:
    'The CPU works with one thread: the page was sent with the headers that isolate it, and this browser does not isolate it here, or the server’s own headers forbid it. Everything works, only slower.',
  unsupported:
    'The CPU works with one thread: the server does not send the COOP and COEP headers, and this window has no service worker to add them (it may be private, or without https). Everything works, only slower.',
};

export function isolationWords(state: IsolationStatus['state'], { supported, ready, saving, problem }: OfflineStatus): string {
  if (state !== 'waiting') return WORDS[state];
  // There are service workers, but the browser refused this one.
  if (!supported) return WORDS.unsupported;
  const how = 'once the page is saved for offline use, its service worker adds them, and the next load has threads';
  const waiting = `The CPU works with one thread: the server does not send the headers that isolate a page. But ${how}`;
  if (problem !== undefined) return `${waiting}. ${problem}`;
  return saving || ready ? `${waiting}.` : `${waiting}; the button Storage in Explore saves it.`;
}
