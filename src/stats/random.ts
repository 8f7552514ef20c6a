import type { Random } from '../domain/ports.ts';

/**
 * A seeded stream of uniform numbers in [0, 1): sfc32, its 128-bit state filled from the seed by splitmix32.
 * The same seed gives the same stream on every machine. Seeds are read as unsigned 32-bit integers; fractions are cut off.
 * Good for simulation, jitter and sampling; never for secrets.
 * Cost: a few integer operations a number, no allocation.
 *
 * Source: C. Doty-Humphrey, PractRand (sfc32: passes to 32 TB); G. L. Steele et al., "Fast splittable pseudorandom
 * number generators", OOPSLA 2014 (splitmix).
 *
 * @example
 * const random = seededRandom(42);
 * random() === seededRandom(42)();
 */
export function seededRandom(seed: number): Random {
  const fill = splitmix32(seed);
  let a = fill();
  let b = fill();
  let c = fill();
  let counter = 1;
  const next = (): number => {
    const out = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + out;
    c |= 0;
    return (out >>> 0) / 4_294_967_296;
  };
  // sfc32 asks for some rounds before the first output, so that near seeds part ways.
  for (let round = 0; round < 12; round++) next();
  return next;
}

function splitmix32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let x = state ^ (state >>> 16);
    x = Math.imul(x, 0x21f0aaad);
    x ^= x >>> 15;
    x = Math.imul(x, 0x735a2d97);
    return x ^ (x >>> 15);
  };
}
