/**
 * The one allocator of the WASM kernels: addresses are handed out one after the other and given back together, by
 * dropping the memory. The kernels allocate nothing, so several instances can share a memory.
 */

const PAGE_BYTES = 65536;
/** Enough for v128. */
const ALIGNMENT = 16;

export class Arena {
  readonly memory: WebAssembly.Memory;
  private next = ALIGNMENT;

  /**
   * @param bytes of everything that will be reserved
   * @param shared with other threads; views then lie on a SharedArrayBuffer: copy before handing them on
   * @throws RangeError when there is no memory
   */
  constructor(bytes: number, shared = false) {
    const pages = Math.ceil((bytes + PAGE_BYTES) / PAGE_BYTES);
    this.memory = new WebAssembly.Memory(shared ? { initial: pages, maximum: pages, shared } : { initial: pages });
  }

  /** @returns an address, never 0 */
  reserve(bytes: number): number {
    const address = this.next;
    this.next += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    if (this.next > this.memory.buffer.byteLength) throw new RangeError(`The arena is too small for ${bytes} bytes more.`);
    return address;
  }

  get bytes(): number {
    return this.memory.buffer.byteLength;
  }

  floats(address: number, length: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.memory.buffer, address, length);
  }

  doubles(address: number, length: number): Float64Array<ArrayBuffer> {
    return new Float64Array(this.memory.buffer, address, length);
  }

  words(address: number, length: number): Uint32Array<ArrayBuffer> {
    return new Uint32Array(this.memory.buffer, address, length);
  }
}
