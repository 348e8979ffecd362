/**
 * The k largest of each row, from entries (row, latent, value) that come by rising latent: a heap of values for each
 * row while they come, then one walk that keeps what is above a row's least value, and of equals the first ones.
 */

const ENTRY_BYTES: usize = 12;

/** Adds a value to a heap of at most k, smallest on top. */
function push(heap: usize, size: i32, value: f32): void {
  let child = size;
  while (child > 0) {
    const parent = (child - 1) >> 1;
    const above = load<f32>(heap + ((<usize>parent) << 2));
    if (above <= value) break;
    store<f32>(heap + ((<usize>child) << 2), above);
    child = parent;
  }
  store<f32>(heap + ((<usize>child) << 2), value);
}

/** Puts a value in the place of the smallest. */
function replaceLeast(heap: usize, size: i32, value: f32): void {
  let place = 0;
  for (;;) {
    let child = 2 * place + 1;
    if (child >= size) break;
    let least = load<f32>(heap + ((<usize>child) << 2));
    if (child + 1 < size) {
      const other = load<f32>(heap + ((<usize>(child + 1)) << 2));
      if (other < least) {
        least = other;
        child++;
      }
    }
    if (least >= value) break;
    store<f32>(heap + ((<usize>place) << 2), least);
    place = child;
  }
  store<f32>(heap + ((<usize>place) << 2), value);
}

/**
 * Takes new entries into their rows' heaps, and raises a full row's bound to its k-th largest.
 * @param heaps [rows][k]
 * @param sizes [rows]
 * @param bounds [rows], what encodeGroups lets through is above
 */
export function takeValues(entries: usize, end: usize, heaps: usize, sizes: usize, k: i32, bounds: usize): void {
  for (let entry = entries; entry < end; entry += ENTRY_BYTES) {
    const word = (<usize>load<i32>(entry)) << 2;
    const heap = heaps + <usize>k * word;
    const value = load<f32>(entry, 8);
    const size = load<i32>(sizes + word);
    if (size < k) {
      push(heap, size, value);
      store<i32>(sizes + word, size + 1);
      if (size + 1 < k) continue;
    } else if (value > load<f32>(heap)) replaceLeast(heap, size, value);
    store<f32>(bounds + word, load<f32>(heap));
  }
}

/** Turns each full row's heap size into how many of those equal to its least value may stay; −1 for the others: all. */
export function countEquals(rows: i32, heaps: usize, sizes: usize, k: i32): void {
  for (let r = 0; r < rows; r++) {
    const word = (<usize>r) << 2;
    if (load<i32>(sizes + word) < k) {
      store<i32>(sizes + word, -1);
      continue;
    }
    const heap = heaps + <usize>k * word;
    const least = load<f32>(heap);
    let equal = 0;
    for (let i = 0; i < k; i++) equal += i32(load<f32>(heap + ((<usize>i) << 2)) == least);
    store<i32>(sizes + word, equal);
  }
}

/** Whether an entry is among its row's k largest; `equals` from countEquals are used up. */
export function isKept(entry: usize, equals: usize, bounds: usize): bool {
  const word = (<usize>load<i32>(entry)) << 2;
  const left = load<i32>(equals + word);
  if (left < 0) return true;
  const value = load<f32>(entry, 8);
  const least = load<f32>(bounds + word);
  if (value != least) return value > least;
  if (left == 0) return false;
  store<i32>(equals + word, left - 1);
  return true;
}
