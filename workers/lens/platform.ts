/** What the lens worker has of the browser. */
import { createCorpusStore } from '../../src/cache/corpusStore.ts';
import { createDictionaryStore } from '../../src/cache/dictionaryStore.ts';
import { createIndexStore } from '../../src/cache/indexStore.ts';
import { createOrtRuntime, createSaeEngine } from '../browserPlatform.ts';
import type { Platform } from './workbench.ts';

export function createPlatform(): Platform {
  return {
    store: createDictionaryStore(),
    indices: createIndexStore(),
    corpora: createCorpusStore(),
    createRuntime: createOrtRuntime,
    createEngine: createSaeEngine,
  };
}
