/**
 * Seeded random numbers: sfc32 (Chris Doty-Humphrey, PractRand), seeded through splitmix32. Same seed, same
 * sequence, on every machine.
 * @param seed any whole number
 * @returns a function giving the next number in [0, 1)
 */
export function createRandom(seed: number): () => number {
  let s = seed >>> 0;
  const mix = () => {
    s = (s + 0x9e3779b9) >>> 0;
    let t = s ^ (s >>> 16);
    t = Math.imul(t, 0x21f0aaad);
    t ^= t >>> 15;
    t = Math.imul(t, 0x735a2d97);
    return (t ^ (t >>> 15)) >>> 0;
  };
  let a = mix();
  // The upper half joins after the lower has been used, so that no two seeds meet (−1 and 0, 2^32 and 1).
  s = (s ^ Math.floor(seed / 2 ** 32)) >>> 0;
  let b = mix();
  let c = mix();
  let counter = 1;
  const next = () => {
    const t = (a + b + counter++) >>> 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) >>> 0;
    c = ((c << 21) | (c >>> 11)) >>> 0;
    c = (c + t) >>> 0;
    return t / 2 ** 32;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}

/** Fills with normal numbers, by Box and Muller's transform; 1 − u keeps the logarithm finite. */
export function fillNormal(values: Float32Array, mean: number, deviation: number, random: () => number): void {
  for (let i = 0; i < values.length; i += 2) {
    const radius = deviation * Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    values[i] = mean + radius * Math.cos(angle);
    if (i + 1 < values.length) values[i + 1] = mean + radius * Math.sin(angle);
  }
}
