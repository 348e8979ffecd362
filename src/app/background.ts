/** What works behind the page and comes after its first picture: one chunk of the build. */
export { createOffline } from '../cache/offline/client.ts';
export { browserEnvironment, browserIsolation } from '../cache/offline/environment.ts';
export { createIsolation } from '../cache/offline/isolation.ts';
