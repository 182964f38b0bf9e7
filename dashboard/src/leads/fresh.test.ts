import { firstSeen, freshIds, sawAlso } from "./fresh";

const lead = (id: string, created_at: string) => ({ id, created_at });
const seen = firstSeen([lead("b", "2026-02"), lead("a", "2026-01")]);

test("what came in later is new", () => {
  expect(freshIds(seen, [lead("c", "2026-03"), lead("b", "2026-02")])).toEqual(["c"]);
});

test("what only came in by scrolling is not", () => {
  expect(freshIds(seen, [lead("b", "2026-02"), lead("old", "2025-12")])).toEqual([]);
});

test("it is new once", () => {
  const now = sawAlso(seen, [lead("c", "2026-03")]);
  expect(freshIds(now, [lead("c", "2026-03")])).toEqual([]);
  expect(freshIds(now, [lead("d", "2026-04"), lead("c", "2026-03")])).toEqual(["d"]);
});

test("in an empty list the first one is new", () => {
  expect(freshIds(firstSeen([]), [lead("a", "2026-01")])).toEqual(["a"]);
});
