/** The activation rules: from one row's q = c·W to its active latents. */
import type { LatentsBuilder } from './latents.ts';
import type { Plan } from './plan.ts';

/** The largest values of a row so far, smallest on top; the first `size` slots are filled. */
export interface TopkHeap {
  indices: Uint32Array;
  values: Float64Array;
  size: number;
}

/** @returns undefined when the plan keeps all positive latents */
export function createTopkHeap({ k }: Plan): TopkHeap | undefined {
  return k === undefined ? undefined : { indices: new Uint32Array(k), values: new Float64Array(k), size: 0 };
}

/**
 * Adds a row's active latents, rising by index, and ends the row.
 * @param q c·W of the row, at q[first] .. q[first + d_sae]
 */
export function activateRow(
  plan: Plan,
  q: Float64Array | Float32Array,
  first: number,
  heap: TopkHeap | undefined,
  out: LatentsBuilder,
): void {
  if (heap) activateTopk(plan, q, first, heap, out);
  else if (plan.groupSize) activateGroups(plan, plan.groupSize, q, first, out);
  else activateEach(plan, q, first, out);
  out.endRow();
}

function activateEach({ gain, bias, gateBias, threshold }: Plan, q: Float64Array | Float32Array, first: number, out: LatentsBuilder): void {
  for (let j = 0; j < bias.length; j++) {
    const product = q[first + j];
    const p = (gain ? product * gain[j] : product) + bias[j];
    if (p > (threshold ? threshold[j] : 0) && (!gateBias || product + gateBias[j] > 0)) out.add(j, p);
  }
}

/** The k largest, then ReLU; only positive candidates can matter, so others never enter. */
function activateTopk({ gain, bias }: Plan, q: Float64Array | Float32Array, first: number, heap: TopkHeap, out: LatentsBuilder): void {
  for (let j = 0; j < bias.length; j++) {
    const p = (gain ? q[first + j] * gain[j] : q[first + j]) + bias[j];
    if (p > 0) offer(heap, j, p);
  }
  drain(heap, out);
}

/** The largest of each group, if it is positive. */
function activateGroups({ gain, bias }: Plan, size: number, q: Float64Array | Float32Array, first: number, out: LatentsBuilder): void {
  const kept = new GroupWinner(size, out);
  for (let j = 0; j < bias.length; j++) {
    const p = (gain ? q[first + j] * gain[j] : q[first + j]) + bias[j];
    if (p > 0) kept.offer(j, p);
  }
  kept.endRow();
}

/** Passes on the largest of each group of neighbours, for latents offered in rising order. */
export class GroupWinner {
  private readonly size: number;
  private readonly out: LatentsBuilder;
  private latent = -1;
  private value = 0;

  constructor(size: number, out: LatentsBuilder) {
    this.size = size;
    this.out = out;
  }

  /** @param value above 0 */
  offer(latent: number, value: number): void {
    const isSameGroup = this.latent >= 0 && Math.floor(latent / this.size) === Math.floor(this.latent / this.size);
    if (isSameGroup && value <= this.value) return;
    if (!isSameGroup) this.endRow();
    this.latent = latent;
    this.value = value;
  }

  /** Passes on the last group's; the next latent begins a new row. */
  endRow(): void {
    if (this.latent >= 0) this.out.add(this.latent, this.value);
    this.latent = -1;
  }
}

/** Takes a positive value if it is among the k largest so far; of equal values those of lower latents stay. */
export function offer(heap: TopkHeap, latent: number, value: number): void {
  if (heap.size < heap.indices.length) push(heap, heap.size++, latent, value);
  else if (value > heap.values[0] || (value === heap.values[0] && latent < heap.indices[0])) replaceSmallest(heap, latent, value);
}

/** Adds what the heap holds, rising by latent, and empties it; does not end the row. */
export function drain(heap: TopkHeap, out: LatentsBuilder): void {
  const order = [...heap.indices.subarray(0, heap.size).keys()].sort((a, b) => heap.indices[a] - heap.indices[b]);
  for (const slot of order) out.add(heap.indices[slot], heap.values[slot]);
  heap.size = 0;
}

/** Whether slot a leaves before slot b: smaller value, or same value and higher index. */
function isWeaker({ indices, values }: TopkHeap, a: number, b: number): boolean {
  return values[a] < values[b] || (values[a] === values[b] && indices[a] > indices[b]);
}

function push(heap: TopkHeap, at: number, index: number, value: number): void {
  heap.indices[at] = index;
  heap.values[at] = value;
  for (let slot = at; slot > 0;) {
    const parent = (slot - 1) >> 1;
    if (!isWeaker(heap, slot, parent)) return;
    swap(heap, slot, parent);
    slot = parent;
  }
}

function replaceSmallest(heap: TopkHeap, index: number, value: number): void {
  const { size } = heap;
  heap.indices[0] = index;
  heap.values[0] = value;
  for (let slot = 0; ;) {
    let weakest = slot;
    for (let child = 2 * slot + 1; child <= 2 * slot + 2 && child < size; child++) if (isWeaker(heap, child, weakest)) weakest = child;
    if (weakest === slot) return;
    swap(heap, slot, weakest);
    slot = weakest;
  }
}

function swap({ indices, values }: TopkHeap, a: number, b: number): void {
  const index = indices[a];
  const value = values[a];
  indices[a] = indices[b];
  values[a] = values[b];
  indices[b] = index;
  values[b] = value;
}
