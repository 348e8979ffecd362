/**
 * The order in which text reaches a trainer, decided by corpus, settings and seed alone: chunk → block → row.
 * Every block's shuffle has a seed of its own, so a run resumes at any block without replaying the ones before.
 */
import { createRandom } from '../array/random.ts';
import { UsageError } from '../errors.ts';

interface StreamSettings {
  seed: number;
  /** Share of chunks kept for evaluation, in [0, 1). */
  heldOut: number;
  /** Chunks whose activations are held, and shuffled, together: the memory bound. */
  chunksPerBlock: number;
  /** Chunks of the first block, so that training begins soon; each after it holds twice as many, up to `chunksPerBlock`. Default: all alike. */
  firstChunks?: number;
  /** Times the training chunks are gone through. */
  passes: number;
}

interface StreamPlan {
  /** Chunks of each block, in the order they are read. The last block of a pass may be shorter. */
  blocks: Uint32Array[];
  heldOut: Uint32Array;
}

/** Purposes a seed serves, so that no two share a sequence. */
const PURPOSES = { split: 1, pass: 2, block: 3 } as const;

/**
 * Documents one after another, each begun by the end-of-text token.
 * @param endOfText null: the model names none
 * @returns ids
 * @throws UsageError without such a token
 */
export function joinDocuments(documents: readonly ArrayLike<number>[], endOfText: number | null): Uint32Array {
  if (endOfText === null) {
    throw new UsageError(
      "This model's files name no end-of-text token, so documents cannot be joined. Say one in its config.json (eos_token_id) or tokenizer_config.json (eos_token), and open it again.",
    );
  }
  const ids = new Uint32Array(documents.reduce((n, document) => n + document.length + 1, 0));
  let at = 0;
  for (const document of documents) {
    ids[at] = endOfText;
    ids.set(document, at + 1);
    at += document.length + 1;
  }
  return ids;
}

/** Whole chunks in `tokens` tokens; what is left at the end is not used. */
export function countChunks(tokens: number, n_ctx: number): number {
  return Math.floor(tokens / n_ctx);
}

/** @throws UsageError when a setting is out of range or nothing is left to train on */
export function planStream(chunks: number, settings: StreamSettings): StreamPlan {
  const { seed, heldOut, chunksPerBlock, firstChunks = chunksPerBlock, passes } = settings;
  checkSettings(settings);
  const order = permutation(chunks, createRandom(seedOf(seed, PURPOSES.split, 0)));
  const held = Math.round(chunks * heldOut);
  const training = order.subarray(held);
  if (training.length === 0) {
    throw new UsageError(
      `The corpus has ${chunks} chunks, of which ${held} are held out: none is left to train on. Add text, or hold out less.`,
    );
  }
  const blocks: Uint32Array[] = [];
  let size = Math.min(firstChunks, chunksPerBlock);
  for (let pass = 0; pass < passes; pass++) {
    const shuffled = permutation(training.length, createRandom(seedOf(seed, PURPOSES.pass, pass))).map((i) => training[i]);
    for (let at = 0; at < shuffled.length; at += blocks[blocks.length - 1].length) {
      blocks.push(shuffled.slice(at, at + size));
      size = Math.min(2 * size, chunksPerBlock);
    }
  }
  return { blocks, heldOut: order.slice(0, held).sort() };
}

function checkSettings({ seed, heldOut, chunksPerBlock, firstChunks = chunksPerBlock, passes }: StreamSettings): void {
  if (!Number.isSafeInteger(seed)) throw new UsageError(`The seed must be a whole number; it is ${String(seed)}.`);
  if (!(heldOut >= 0 && heldOut < 1)) throw new UsageError(`The held-out share must be at least 0 and below 1; it is ${String(heldOut)}.`);
  for (const [name, value] of Object.entries({ 'chunks per block': chunksPerBlock, 'chunks of the first block': firstChunks, passes })) {
    if (!Number.isInteger(value) || value < 1)
      throw new UsageError(`The number of ${name} must be a whole number from 1; it is ${String(value)}.`);
  }
}

interface RowFilter {
  /** Keep the first token of each chunk, whose activation is an outlier in most models. */
  keepFirst: boolean;
  keepEndOfText: boolean;
  endOfText: number;
}

/**
 * Rows of a block that are trained on, in training order.
 * @param ids [chunks · n_ctx] of the block, chunk after chunk
 * @param block its number in the plan
 */
export function rowOrder(ids: ArrayLike<number>, n_ctx: number, filter: RowFilter, seed: number, block: number): Uint32Array {
  const kept: number[] = [];
  for (let row = 0; row < ids.length; row++) {
    if (!filter.keepFirst && row % n_ctx === 0) continue;
    if (!filter.keepEndOfText && ids[row] === filter.endOfText) continue;
    kept.push(row);
  }
  return permutation(kept.length, createRandom(seedOf(seed, PURPOSES.block, block))).map((i) => kept[i]);
}

/** Fisher and Yates. @returns 0 … n − 1 in random order */
function permutation(n: number, random: () => number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const other = order[j];
    order[j] = order[i];
    order[i] = other;
  }
  return order;
}

/** A seed for one purpose and number; sequences of different ones do not meet. */
function seedOf(seed: number, purpose: number, index: number): number {
  const random = createRandom(seed);
  for (let i = 0; i < purpose; i++) random();
  // 53 bits: createRandom takes the lower 32 and then the rest.
  return Math.floor(random() * 2 ** 32) + index * 2 ** 32;
}
