import { qrCode } from "./qr";

const drawn = (text: string) => qrCode(text)?.map((row) => row.map((dark) => (dark ? "#" : ".")).join(""));

test("a text is drawn as another decoder has read it", () => {
  expect(drawn("LEADFLOW")).toEqual([
    "#######....##.#######",
    "#.....#.####..#.....#",
    "#.###.#..#.##.#.###.#",
    "#.###.#..#.#..#.###.#",
    "#.###.#.#####.#.###.#",
    "#.....#..#.#..#.....#",
    "#######.#.#.#.#######",
    ".........#...........",
    "#.#.#.#..##.#...#..#.",
    "###..#.#.#.#.......#.",
    "..##.##...##.#.######",
    "##.#.#..######..#..#.",
    "#.###.##..##..##..##.",
    "........#.#...##.#.#.",
    "#######.....#..######",
    "#.....#..#....##...#.",
    "#.###.#.#.#.#.##..#..",
    "#.###.#...##.#.#...#.",
    "#.###.#.####.####.#.#",
    "#.....#...####.##..#.",
    "#######.##.#.####.###",
  ]);
});

test("a longer text takes a larger code, one that is too long none", () => {
  const sizes = [14, 15, 152, 155, 666].map((length) => qrCode("x".repeat(length))?.length);
  expect(sizes).toEqual([21, 25, 49, 53, 97]);
  expect(qrCode("x".repeat(667))).toBeNull();
  expect(qrCode("é".repeat(334))).toBeNull();
});

test("a large code also says its version, twice", () => {
  const grid = qrCode("x".repeat(110)) ?? [];
  const [size, bits] = [grid.length, [] as string[]];
  for (let index = 0; index < 18; index++) {
    const [a, b] = [size - 11 + (index % 3), Math.floor(index / 3)];
    expect(grid[a]?.[b]).toBe(grid[b]?.[a]);
    bits.unshift(grid[b]?.[a] ? "1" : "0");
  }
  expect(bits.join("")).toBe("000111110010010100"); // version 7, from the standard's own table
});
