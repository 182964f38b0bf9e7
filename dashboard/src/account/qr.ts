/** Text -> QR code (ISO/IEC 18004): bytes, error correction M, versions 1 to 20. Pure. */

type Grid = boolean[][];

// By version, from 1 on.
const CHECKS_PER_BLOCK = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26];
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16];
const VERSION_MAX = BLOCKS.length;
const MASKS: ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

const range = (count: number) => Array.from({ length: count }, (_, index) => index);
const bit = (value: number, index: number) => ((value >>> index) & 1) === 1;
const at = (list: readonly number[], index: number) => list[index] ?? 0;

/** Codewords of a version, data and checks together. */
function capacity(version: number): number {
  const aligned = Math.floor(version / 7) + 2;
  const patterns = version === 1 ? 0 : (25 * aligned - 10) * aligned - 55 + (version >= 7 ? 36 : 0);
  return Math.floor(((16 * version + 128) * version + 64 - patterns) / 8);
}

const checksOf = (version: number) => at(CHECKS_PER_BLOCK, version - 1);
const blocksOf = (version: number) => at(BLOCKS, version - 1);
const dataWords = (version: number) => capacity(version) - checksOf(version) * blocksOf(version);
const lengthBits = (version: number) => (version < 10 ? 8 : 16);

/** Product in GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1. */
function times(a: number, b: number): number {
  let product = 0;
  for (let index = 7; index >= 0; index--) {
    product = (product << 1) ^ ((product >>> 7) * 0x11d);
    product ^= ((b >>> index) & 1) * a;
  }
  return product;
}

/** Reed-Solomon check words. */
function checks(data: readonly number[], degree: number): number[] {
  let divisor = [...range(degree - 1).map(() => 0), 1];
  let root = 1;
  for (let round = 0; round < degree; round++) {
    divisor = divisor.map((factor, index) => times(factor, root) ^ at(divisor, index + 1));
    root = times(root, 2);
  }
  let rest: number[] = range(degree).map(() => 0);
  for (const word of data) {
    const factor = word ^ at(rest, 0);
    rest = divisor.map((by, index) => at(rest, index + 1) ^ times(by, factor));
  }
  return rest;
}

/** The data in its envelope: mode, length, bytes, padding. */
function framed(bytes: Uint8Array, version: number): number[] {
  const bits: boolean[] = [];
  const add = (value: number, count: number) =>
    range(count).forEach((index) => bits.push(bit(value, count - 1 - index)));
  const room = dataWords(version) * 8;
  add(4, 4);
  add(bytes.length, lengthBits(version));
  bytes.forEach((byte) => add(byte, 8));
  add(0, Math.min(4, room - bits.length));
  add(0, (8 - (bits.length % 8)) % 8);
  for (let pad = 0xec; bits.length < room; pad ^= 0xec ^ 0x11) add(pad, 8);
  return range(bits.length / 8).map((word) =>
    range(8).reduce((value, index) => value * 2 + Number(bits[word * 8 + index]), 0),
  );
}

/** Data and checks of all blocks, one word of each block after another. */
function interleaved(data: readonly number[], version: number): number[] {
  const [count, degree, all] = [blocksOf(version), checksOf(version), capacity(version)];
  const short = count - (all % count);
  const size = Math.floor(all / count) - degree;
  const blocks = range(count).map((index) => {
    const start = index * size + Math.max(0, index - short);
    return data.slice(start, start + size + (index < short ? 0 : 1));
  });
  const tails = blocks.map((block) => checks(block, degree));
  const column = (rows: readonly number[][], index: number) =>
    rows.flatMap((row) => (index < row.length ? [at(row, index)] : []));
  return [
    ...range(size + 1).flatMap((index) => column(blocks, index)),
    ...range(degree).flatMap((index) => column(tails, index)),
  ];
}

function alignments(version: number): number[] {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = Math.ceil((version * 4 + 4) / (count * 2 - 2)) * 2;
  return [6, ...range(count - 1).map((index) => version * 4 + 10 - (count - 2 - index) * step)];
}

const remainder = (value: number, rounds: number, by: number) =>
  range(rounds).reduce((rest) => (rest << 1) ^ ((rest >>> (rounds - 1)) * by), value);

/** What stands at fixed places; undefined elsewhere. */
function fixed(version: number, mask: number): (boolean | undefined)[][] {
  const size = version * 4 + 17;
  const grid: (boolean | undefined)[][] = range(size).map(() => range(size).map(() => undefined));
  const set = (x: number, y: number, dark: boolean) => {
    if (x >= 0 && y >= 0 && x < size && y < size) (grid[y] as (boolean | undefined)[])[x] = dark;
  };
  const square = (x: number, y: number, radius: number, light: readonly number[]) =>
    range(radius * 2 + 1).forEach((dy) =>
      range(radius * 2 + 1).forEach((dx) => {
        const ring = Math.max(Math.abs(dx - radius), Math.abs(dy - radius));
        set(x + dx - radius, y + dy - radius, !light.includes(ring));
      }),
    );
  range(size).forEach((index) => [set(6, index, index % 2 === 0), set(index, 6, index % 2 === 0)]);
  const corner = (x: number, y: number) =>
    (x === 6 || x === size - 7) && (y === 6 || y === size - 7) && (x === 6 || y === 6);
  for (const x of alignments(version)) for (const y of alignments(version)) if (!corner(x, y)) square(x, y, 2, [1]);
  for (const [x, y] of [
    [3, 3],
    [size - 4, 3],
    [3, size - 4],
  ] as const)
    square(x, y, 4, [2, 4]);

  const format = ((mask << 10) | remainder(mask, 10, 0x537)) ^ 0x5412; // level M is 00
  range(15).forEach((index) => {
    const dark = bit(format, index);
    const along = index < 6 ? index : index < 8 ? index + 1 : size - 15 + index;
    const back = index < 8 ? size - 1 - index : index === 8 ? 7 : 14 - index;
    set(8, along, dark);
    set(back, 8, dark);
  });
  set(8, size - 8, true);
  const known = (version << 12) | remainder(version, 12, 0x1f25);
  if (version >= 7) {
    range(18).forEach((index) => {
      const [a, b] = [size - 11 + (index % 3), Math.floor(index / 3)];
      set(a, b, bit(known, index));
      set(b, a, bit(known, index));
    });
  }
  return grid;
}

/** The words laid into what is free, in columns two wide, upwards and downwards in turn. */
function drawn(words: readonly number[], version: number, mask: number): Grid {
  const grid = fixed(version, mask);
  const size = grid.length;
  let index = 0;
  for (let right = size - 1; right > 0; right -= right === 8 ? 3 : 2) {
    const upwards = ((right + 1) & 2) === 0;
    for (const step of range(size)) {
      const row = grid[upwards ? size - 1 - step : step] as (boolean | undefined)[];
      for (const x of [right, right - 1]) {
        if (row[x] !== undefined) continue;
        const dark = bit(at(words, index >>> 3), 7 - (index & 7));
        row[x] = dark !== MASKS[mask]?.(x, upwards ? size - 1 - step : step);
        index += 1;
      }
    }
  }
  return grid as Grid;
}

/** How many neighbours look alike: a mask that leaves few is easy to read. */
const alike = (grid: Grid): number =>
  grid.reduce(
    (sum, row, y) => sum + row.filter((dark, x) => dark === row[x + 1] || dark === grid[y + 1]?.[x]).length,
    0,
  );

/** Rows of dark (true) and light modules, without the quiet zone; null for a text that is too long. */
export function qrCode(text: string): Grid | null {
  const bytes = new TextEncoder().encode(text);
  const fits = (version: number) => 4 + lengthBits(version) + bytes.length * 8 <= dataWords(version) * 8;
  const version = range(VERSION_MAX)
    .map((index) => index + 1)
    .find(fits);
  if (version === undefined) return null;
  const words = interleaved(framed(bytes, version), version);
  const grids = MASKS.map((_, mask) => drawn(words, version, mask));
  return grids.reduce((best, grid) => (alike(grid) < alike(best) ? grid : best));
}
