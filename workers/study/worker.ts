/** Starts the study worker. */
import { createCorpusStore } from '../../src/cache/corpusStore.ts';
import { createIndexStore } from '../../src/cache/indexStore.ts';
import { createOrtRuntime, createSaeEngine } from '../browserPlatform.ts';
import { handlersOf } from '../remote.ts';
import { serve, type Channel } from '../rpc.ts';
import { createProducts } from './products.ts';
import { createStudyServices } from './services.ts';

const platform = {
  corpora: createCorpusStore(),
  indices: createIndexStore(),
  createRuntime: createOrtRuntime,
  createEngine: createSaeEngine,
  createProducts,
};
serve(self as unknown as Channel, handlersOf(createStudyServices(platform)));
