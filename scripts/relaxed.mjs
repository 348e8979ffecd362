/** Flags with which Node runs the kernels of relaxed SIMD: Node 20 has it behind one, later versions without. */
const RELAXED = '--experimental-wasm-relaxed-simd';
export const RELAXED_FLAGS = Number(process.versions.node.split('.')[0]) < 22 ? [RELAXED] : [];
