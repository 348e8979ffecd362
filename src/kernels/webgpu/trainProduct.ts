/** Matrix products of a training step. */
import { type Bindings, type Kernel, kernel } from './trainKernel.ts';

/** Rows and columns of a matrix tile: SIDE × SIDE threads hold SIDE × SIDE sums each. */
export const TILE = 64;
const SIDE = 8;
const FOURS = TILE / 4;
/** Numbers of the inner dimension brought into workgroup memory at a time. */
const DEPTH = 16;

interface Product {
  bindings: Bindings;
  /** Rows, columns and inner size of the product, and its factors at (m, k) and (k, c), as WGSL. */
  size: readonly [rows: string, columns: string, inner: string];
  a: string;
  b: string;
  /** The index along which a factor lies in memory, so that neighbouring threads read neighbours. */
  along: readonly ['m' | 'k', 'k' | 'c'];
  /** What is done with the sum `s` of (m, c). */
  store: string;
}

/** Factors that are 0 outside the matrices, and what is done with four sums of a row. */
const edges = ({ size: [rows, columns, inner], a, b, store }: Pick<Product, 'size' | 'a' | 'b' | 'store'>) => /* wgsl */ `
fn factorA(m: u32, k: u32) -> f32 {
  if (m >= ${rows} || k >= ${inner}) { return 0.0; }
  return ${a};
}

fn factorB(k: u32, c: u32) -> f32 {
  if (c >= ${columns} || k >= ${inner}) { return 0.0; }
  return ${b};
}

fn finish(m: u32, firstColumn: u32, sums: vec4<f32>) {
  if (m >= ${rows}) { return; }
  for (var l = 0u; l < 4u; l++) {
    let c = firstColumn + l;
    if (c >= ${columns}) { return; }
    let s = sums[l];
    ${store}
  }
}`;

/** A matrix product in tiles, with whatever happens to its sums fused in. Dispatched by columns, then rows. */
export function product({ bindings, size, a, b, along, store }: Product): Kernel {
  const place = (isInner: boolean) =>
    isInner ? `let four = at / ${DEPTH}u; let k = at % ${DEPTH}u;` : `let k = at / ${FOURS}u; let four = at % ${FOURS}u;`;
  // Written out: an array of sums indexed in a loop would not stay in registers.
  const each = (text: (row: number, half: number) => string) => Array.from({ length: 2 * SIDE }, (_, i) => text(i >> 1, i & 1)).join('\n');
  return kernel(
    bindings,
    /* wgsl */ `
var<workgroup> tileA: array<vec4<f32>, ${FOURS * DEPTH}>;
var<workgroup> tileB: array<vec4<f32>, ${FOURS * DEPTH}>;

${edges({ size, a, b, store })}

@compute @workgroup_size(${SIDE}, ${SIDE})
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let firstRow = group.y * ${TILE}u;
  let firstColumn = group.x * ${TILE}u;
  ${each((row, half) => `var s${row}${half} = vec4<f32>();`)}
  for (var start = 0u; start < ${size[2]}; start += ${DEPTH}u) {
    for (var at = thread; at < ${FOURS * DEPTH}u; at += ${SIDE * SIDE}u) {
      {
        ${place(along[0] === 'k')}
        let m = firstRow + 4u * four;
        let i = start + k;
        tileA[k * ${FOURS}u + four] = vec4<f32>(factorA(m, i), factorA(m + 1u, i), factorA(m + 2u, i), factorA(m + 3u, i));
      }
      {
        ${place(along[1] === 'k')}
        let c = firstColumn + 4u * four;
        let i = start + k;
        tileB[k * ${FOURS}u + four] = vec4<f32>(factorB(i, c), factorB(i, c + 1u), factorB(i, c + 2u), factorB(i, c + 3u));
      }
    }
    workgroupBarrier();
    for (var k = 0u; k < ${DEPTH}u; k++) {
      let row = k * ${FOURS}u + 2u * local.y;
      let column = k * ${FOURS}u + 2u * local.x;
      let a0 = tileA[row];
      let a1 = tileA[row + 1u];
      let b0 = tileB[column];
      let b1 = tileB[column + 1u];
      ${each((row, half) => `s${row}${half} += a${row >> 2}[${row & 3}] * b${half};`)}
    }
    workgroupBarrier();
  }
  let m = firstRow + ${SIDE}u * local.y;
  let c = firstColumn + ${SIDE}u * local.x;
  ${each((row, half) => `finish(m + ${row}u, c + ${4 * half}u, s${row}${half});`)}
}`,
  );
}
