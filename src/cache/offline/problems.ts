/** Why the page is not kept for use without a network, in sentences. */
import type { KeepFailure } from './manifest.ts';

export const PROBLEMS: Record<KeepFailure, string> = {
  full: 'There is no room left to save this page for offline use. It works while you are connected; deleting something in Storage makes room.',
  changed: 'The server holds another version of this page, so this one could not be saved for offline use. Reload the page.',
  network:
    'This page is not yet saved for offline use, because the server could not be reached. It is tried again when you are back online.',
};
export const UNSUPPORTED =
  'This browser cannot save the page for offline use here (a private window, an old browser, or a page without https).';
