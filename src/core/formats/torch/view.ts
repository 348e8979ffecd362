/** Views of tensors, and tensors as parts of a dictionary. */
import { createJoinedBlob, FormatError, readBytes, type BlobLike } from '../bytes.ts';
import type { StoredPart } from '../dictionaries/stored.ts';
import { quote } from '../words.ts';
import { TORCH_DTYPE_BYTES, type TorchTensor } from './types.ts';

/** Most of a tensor that is put in order at a time; of tensors beyond 256 MiB an eighth, since each block reads all of it. */
const BLOCK_BYTES = 32 * 2 ** 20;
const MOST_BLOCKS = 8;
/** Most of a storage that is read at a time. */
const SLAB_BYTES = 4 * 2 ** 20;

/** The tensor with its dimensions reversed; nothing is copied. */
export function transpose(tensor: TorchTensor): TorchTensor {
  return { ...tensor, shape: [...tensor.shape].reverse(), strides: [...tensor.strides].reverse() };
}

/** Whether its numbers lie in row-major order without gaps. */
export function isContiguous({ shape, strides }: TorchTensor): boolean {
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== expected) return countElements(shape) === 0;
    expected *= shape[i];
  }
  return true;
}

/**
 * A tensor in row-major order under a name. The storage's checksum is compared first. A contiguous tensor is a slice of the
 * file; another is put in order 32 MiB, or an eighth of it, at a time (and 4 MiB to read from), its bytes unchanged.
 * @throws FormatError when the storage does not match its checksum
 */
export async function toPart(tensor: TorchTensor, name: string): Promise<StoredPart> {
  await tensor.verify();
  const part = { name, dtype: tensor.dtype, shape: [...tensor.shape] };
  return { ...part, data: isContiguous(tensor) ? sliceOf(tensor) : await gather(tensor, name) };
}

function sliceOf({ dtype, shape, offset, storage }: TorchTensor): BlobLike {
  const bytes = TORCH_DTYPE_BYTES[dtype];
  return storage.slice(offset * bytes, (offset + countElements(shape)) * bytes);
}

/** Numbers as bit patterns: the copy must not touch a value. */
type Bits = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>;

function createBits(bytes: number, buffer: ArrayBuffer): Bits {
  if (bytes === 8) return new BigUint64Array(buffer);
  if (bytes === 4) return new Uint32Array(buffer);
  return bytes === 2 ? new Uint16Array(buffer) : new Uint8Array(buffer);
}

/** Blocks of whole rows of the outermost dimension; one row alone must fit a block. */
async function gather(tensor: TorchTensor, name: string): Promise<BlobLike> {
  const { shape, strides, offset } = tensor;
  const bytes = TORCH_DTYPE_BYTES[tensor.dtype];
  const rowBytes = countElements(shape.slice(1)) * bytes;
  if (rowBytes > BLOCK_BYTES) {
    throw new FormatError(
      `${quote(name)} has rows of ${rowBytes} bytes that lie scattered in the file; at most ${BLOCK_BYTES} are put in order.`,
    );
  }
  const rows = Math.floor(Math.max(BLOCK_BYTES, (rowBytes * shape[0]) / MOST_BLOCKS) / rowBytes);
  const blocks: BlobLike[] = [];
  for (let row = 0; row < shape[0]; row += rows) {
    const block = { shape: [Math.min(rows, shape[0] - row), ...shape.slice(1)], strides, offset: offset + row * strides[0] };
    blocks.push(createJoinedBlob([await gatherBlock(tensor.storage, block, bytes)]));
  }
  return createJoinedBlob(blocks);
}

type Layout = Pick<TorchTensor, 'shape' | 'strides' | 'offset'>;

/** Reads what lies between the block's first and last number, a slab at a time, and picks from it. */
async function gatherBlock(storage: BlobLike, layout: Layout, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const { shape, strides, offset } = layout;
  const target = new ArrayBuffer(countElements(shape) * bytes);
  const out = createBits(bytes, target);
  const end = shape.reduce((at, size, i) => at + (size - 1) * strides[i], offset) + 1;
  const step = SLAB_BYTES / bytes;
  for (let from = offset; from < end; from += step) {
    const to = Math.min(from + step, end);
    const slab = createBits(bytes, (await readBytes(storage, from * bytes, (to - from) * bytes)).buffer);
    pick(slab, from, to, layout, out);
  }
  return new Uint8Array(target);
}

/** Copies the numbers of the layout that lie in [from, to) of the storage to their places. */
function pick(slab: Bits, from: number, to: number, { shape, strides, offset }: Layout, out: Bits): void {
  const inner = shape.length - 1;
  const size = shape[inner];
  const stride = strides[inner];
  const index = new Array<number>(inner).fill(0);
  for (let row = 0, at = offset; row < out.length; row += size) {
    pickRow(slab, from, to, at, stride, size, out, row);
    // Counts like an odometer, the last of the outer dimensions fastest.
    for (let d = inner - 1; d >= 0; d--) {
      at += strides[d];
      if (++index[d] < shape[d]) break;
      at -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
}

function pickRow(slab: Bits, from: number, to: number, at: number, stride: number, size: number, out: Bits, row: number): void {
  if (stride === 0) {
    if (at >= from && at < to) out.fill(slab[at - from] as never, row, row + size);
    return;
  }
  const first = Math.max(0, Math.ceil((from - at) / stride));
  const last = Math.min(size, Math.ceil((to - at) / stride));
  for (let i = first, s = at + first * stride - from; i < last; i++, s += stride) out[row + i] = slab[s];
}

function countElements(shape: readonly number[]): number {
  return shape.reduce((n, size) => n * size, 1);
}
