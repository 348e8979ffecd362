/** The part of the scripting interface that trains. */
import type { TrainingApi } from './api.ts';

export function createTraining(): TrainingApi {
  const missing = () => Promise.reject(new Error('Training is not built in yet.'));
  const subscribe = () => () => {};
  return {
    train: missing,
    runs: {
      list: () => Promise.resolve([]),
      get: missing,
      resume: missing,
      remove: missing,
      history: missing,
      estimate: missing,
      preview: missing,
      subscribe,
    },
    corpus: { add: missing, list: () => Promise.resolve([]), remove: missing, subscribe },
  };
}
