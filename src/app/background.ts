/** What works behind the page and comes after its first picture: one chunk of the build. */
import { browserEnvironment, browserIsolation } from '../cache/offline/environment.ts';

export { createOffline } from '../cache/offline/client.ts';
export { createIsolation } from '../cache/offline/isolation.ts';

/** One for all parts, so that of several reloads at a time one is made. */
export const environment = { ...browserEnvironment(), ...browserIsolation() };
