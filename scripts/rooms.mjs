/** The plan of the house: rooms and arrows (docs/architecture.md says why), limits, and words that stand in one place. */

export const MAX_FILE_LINES = 300;
export const MAX_FUNCTION_LINES = 60;

/** Tables that are long because there is much to list. */
export const DATA_FILES = new Set(['src/core/catalogue.ts']);

/**
 * What each room may import besides itself: rooms; `x/*`, every room below x; `npm:x`, the only packages it may use
 * (none named: any). The longest path that fits is a file's room.
 * @type {Record<string, readonly string[]>}
 */
export const ROOMS = {
  // Pure: runs anywhere, imports nothing but itself and these packages.
  'src/core': ['src/core/*', 'npm:@noble/hashes/sha2.js', 'npm:fflate', 'npm:valibot', 'npm:@bufbuild/protobuf/wire', 'npm:ml-matrix'],

  // What crosses between scripts, page and workers: types.
  'src/api': ['src/core'],

  // Machines.
  'src/gpu': ['src/core', 'src/api'],
  'src/cache': ['src/core', 'src/api', 'src/cache/*'],
  'src/kernels': ['src/core'],
  'src/engine/text': ['src/core', 'src/api', 'src/cache', 'src/engine/model'],
  'src/engine/model': ['src/core', 'src/api', 'src/cache', 'src/kernels', 'src/gpu'],
  'src/engine/dictionary': ['src/core', 'src/api', 'src/kernels', 'src/engine/model'],
  'src/engine/training': ['src/core', 'src/api', 'src/kernels', 'src/engine/model', 'src/engine/dictionary'],
  'src/engine/study': ['src/core', 'src/api', 'src/kernels', 'src/engine/model', 'src/engine/dictionary'],
  'src/engine/baselines': ['src/core', 'src/api', 'src/engine/model'],
  'src/engine/node': ['src/core', 'src/api', 'src/kernels', 'src/gpu', 'src/engine/*'],

  // Workers: services on top of the engine, and what the page holds of them.
  workers: ['src/core', 'src/api', 'src/gpu', 'src/cache', 'src/kernels', 'src/engine/*'],
  'workers/lens': ['src/core', 'src/api', 'src/gpu', 'src/cache', 'src/kernels', 'src/engine/*', 'workers'],
  'workers/study': ['src/core', 'src/api', 'src/gpu', 'src/cache', 'src/kernels', 'src/engine/*', 'workers'],
  'workers/trainer': ['src/core', 'src/api', 'src/gpu', 'src/cache', 'src/kernels', 'src/engine/*', 'workers'],

  // The page: slices do not know each other; what several need lies in src/state/shared and src/views/shared.
  'src/charts': ['src/core'],
  'src/state/shared': ['src/core', 'src/api', 'src/charts'],
  'src/state/explore': ['src/core', 'src/api', 'src/charts', 'src/state/shared'],
  'src/state/library': ['src/core', 'src/api', 'src/charts', 'src/state/shared'],
  'src/state/train': ['src/core', 'src/api', 'src/charts', 'src/state/shared'],
  'src/state/feature': ['src/core', 'src/api', 'src/charts', 'src/state/shared'],
  'src/state/circuits': ['src/core', 'src/api', 'src/charts', 'src/state/shared'],
  // Puts the slices together.
  'src/state': ['src/core', 'src/api', 'src/state/*'],
  'src/views/shared': ['src/core', 'src/api', 'src/charts', 'src/state/shared'],
  'src/views/explore': ['src/core', 'src/api', 'src/charts', 'src/state/shared', 'src/state/explore', 'src/views/shared'],
  'src/views/library': ['src/core', 'src/api', 'src/charts', 'src/state/shared', 'src/state/library', 'src/views/shared'],
  'src/views/train': ['src/core', 'src/api', 'src/charts', 'src/state/shared', 'src/state/train', 'src/views/shared'],
  'src/views/feature': ['src/core', 'src/api', 'src/charts', 'src/state/shared', 'src/state/feature', 'src/views/shared'],
  'src/views/circuits': ['src/core', 'src/api', 'src/charts', 'src/state/shared', 'src/state/circuits', 'src/views/shared'],
  'src/views/frame': ['src/core', 'src/api', 'src/charts', 'src/state/shared', 'src/views/shared'],
  'src/app': ['src/core', 'src/api', 'src/cache', 'src/charts', 'src/state', 'src/state/*', 'src/views/*', 'workers', 'workers/*'],
};

/** Each of these may be said in one place only. */
export const WORDS = [
  // Between page and worker, inside the runtime, to training threads, between tabs, and between page and service worker.
  {
    words: /\bpostMessage\(/,
    place:
      /^workers\/rpc\.ts$|^src\/engine\/model\/runtime\.ts$|^src\/kernels\/wasm\/(browserThreads|threadWorker)\.ts$|^src\/cache\/tabs\.ts$|^src\/cache\/offline\//,
  },
  { words: /\bnavigator as Navigator|navigator\.gpu/, place: /^src\/gpu\// },
  { words: /[^.\w]fetch\(/, place: /^src\/cache\// },
  { words: /\bindexedDB\b|'idb-keyval'/, place: /^src\/cache\// },
  { words: /\blocalStorage\b/, place: /^src\/cache\/settings\.ts$/ },
  { words: /\bnavigator\b.*\blocks\b/, place: /^src\/cache\/locks\.ts$/ },
  { words: /\bBroadcastChannel\b/, place: /^src\/cache\/tabs\.ts$/ },
  { words: /\bconsole\./, place: /^$/ },
];
