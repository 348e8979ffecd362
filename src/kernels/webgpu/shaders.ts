/** The kernels in WGSL, fp32. Buffers are those of encoder.ts and decoder.ts. */

/** Latents of a group and rows of a tile: 16 × 16 threads hold 4 × 4 sums each. */
export const TILE = 64;
/** Dimensions brought into workgroup memory at a time (8 KB). */
const DEPTH = 16;
/** u32 in front of the entries, so that they begin at 16 bytes. */
export const HEADER_WORDS = 4;
/** Threads that share a row while decoding. */
const DECODE_THREADS = 64;

/**
 * q = C·W for tiles of rows × groups of latents and the activation rule at once; active latents are appended to
 * `found` in no order. A tile holds 4096 sums, so `found` never overflows if it has room for rows × latents.
 */
export const ENCODE = /* wgsl */ `
struct Sizes { d: u32, rows: u32, latents: u32, first: u32 }
struct Found { count: atomic<u32>, a: u32, b: u32, c: u32, entries: array<u32> }
@group(0) @binding(0) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> rows: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read> rules: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> bounds: array<f32>;
@group(0) @binding(5) var<storage, read_write> found: Found;
var<workgroup> x: array<f32, ${TILE * DEPTH}>;
var<workgroup> w: array<f32, ${TILE * DEPTH}>;

@compute @workgroup_size(16, 16)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let firstRow = group.y * ${TILE}u;
  var sums: array<vec4<f32>, 4>;
  for (var start = 0u; start < sizes.d; start += ${DEPTH}u) {
    for (var at = thread; at < ${TILE * DEPTH}u; at += 256u) {
      let row = at / ${DEPTH}u;
      let i = at % ${DEPTH}u;
      var value = 0.0;
      if (firstRow + row < sizes.rows && start + i < sizes.d) { value = rows[(firstRow + row) * sizes.d + start + i]; }
      x[i * ${TILE}u + row] = value;
      var weight = 0.0;
      if (start + at / ${TILE}u < sizes.d) { weight = weights[(group.x * sizes.d + start) * ${TILE}u + at]; }
      w[at] = weight;
    }
    workgroupBarrier();
    for (var i = 0u; i < ${DEPTH}u; i++) {
      let l = i * ${TILE}u + 4u * local.x;
      let r = i * ${TILE}u + 4u * local.y;
      let four = vec4<f32>(w[l], w[l + 1u], w[l + 2u], w[l + 3u]);
      sums[0] += x[r] * four;
      sums[1] += x[r + 1u] * four;
      sums[2] += x[r + 2u] * four;
      sums[3] += x[r + 3u] * four;
    }
    workgroupBarrier();
  }
  for (var r = 0u; r < 4u; r++) {
    let row = firstRow + 4u * local.y + r;
    if (row >= sizes.rows) { break; }
    let bound = bounds[row];
    for (var l = 0u; l < 4u; l++) {
      let latent = group.x * ${TILE}u + 4u * local.x + l;
      if (latent >= sizes.latents) { break; }
      let q = sums[r][l];
      let rule = rules[sizes.first + latent];
      let p = q * rule.x + rule.y;
      if (p > max(rule.z, bound) && q + rule.w > 0.0) {
        let at = 3u * atomicAdd(&found.count, 1u);
        found.entries[at] = row;
        found.entries[at + 1u] = sizes.first + latent;
        found.entries[at + 2u] = bitcast<u32>(p);
      }
    }
  }
}`;

/** Adds value·direction of a row's latents that lie in the panel [first, first + latents). One workgroup a row. */
export const DECODE = /* wgsl */ `
struct Sizes { width: u32, first: u32, latents: u32, unused: u32 }
@group(0) @binding(0) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> ends: array<u32>;
@group(0) @binding(2) var<storage, read> fired: array<u32>;
@group(0) @binding(3) var<storage, read> values: array<f32>;
@group(0) @binding(4) var<storage, read> directions: array<f32>;
@group(0) @binding(5) var<storage, read_write> decoded: array<f32>;

@compute @workgroup_size(${DECODE_THREADS})
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let row = group.x;
  for (var i = thread; i < sizes.width; i += ${DECODE_THREADS}u) {
    var sum = 0.0;
    for (var e = ends[row]; e < ends[row + 1u]; e++) {
      // Latents below the panel wrap around and are above its end.
      let latent = fired[e] - sizes.first;
      if (latent < sizes.latents) { sum += values[e] * directions[latent * sizes.width + i]; }
    }
    decoded[row * sizes.width + i] += sum;
  }
}`;
