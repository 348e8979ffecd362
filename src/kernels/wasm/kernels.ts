/** Which build of the WASM kernels runs here, and its functions. */
import type { Arena } from './arena.ts';

export type WasmBuild = 'relaxed' | 'simd';

/** The exports of assembly/sae.ts; addresses are bytes. */
export interface Kernels {
  encodeGroups(
    rows: number,
    tiles: number,
    d: number,
    weights: number,
    rules: number,
    groups: number,
    bounds: number,
    firstLatent: number,
    entries: number,
    scratch: number,
  ): number;
  addDirections(sum: number, width: number, slots: number, values: number, count: number, staged: number): void;
}

/** (func (result v128) …) with f32x4.relaxed_madd, and with f32x4.add. */
const RELAXED_MADD = [0xfd, 0x85, 0x02];
const ADD = [0xfd, 0xe4, 0x01];

/** @returns the fastest build this browser takes; undefined without WASM SIMD */
export function chooseBuild(): WasmBuild | undefined {
  if (takes(RELAXED_MADD, 3)) return 'relaxed';
  return takes(ADD, 2) ? 'simd' : undefined;
}

/** Whether a module whose only function applies `operation` to zeros is valid here. */
function takes(operation: readonly number[], operands: number): boolean {
  const zero = [0x41, 0x00, 0xfd, 0x11];
  const body = [0x00, ...Array.from({ length: operands }, () => zero).flat(), ...operation, 0x0b];
  const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  const types = [0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b];
  const functions = [0x03, 0x02, 0x01, 0x00];
  const code = [0x0a, body.length + 2, 0x01, body.length, ...body];
  return typeof WebAssembly === 'object' && WebAssembly.validate(Uint8Array.from([...header, ...types, ...functions, ...code]));
}

/** @returns the exports of a module that was built from the functions of `Exports` */
export function instantiate<Exports = Kernels>(module: WebAssembly.Module, { memory }: Arena): Exports {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
}
