import { addsUp, inOrder, points, signed, stepPath, total } from "./receipt";

const line = (value: number) => ({ rule: `r${value}`, label: "", points: value, times: 1 });

test("a receipt adds up, or says that it doesn't", () => {
  expect(total([line(30), line(20), line(-5)])).toBe(45);
  expect(addsUp({ score: 45, receipt: [line(30), line(20), line(-5)] })).toBe(true);
  expect(addsUp({ score: 46, receipt: [line(45)] })).toBe(false);
  expect(addsUp({ score: 0, receipt: [] })).toBe(true);
});

test("points carry their sign", () => {
  expect([12, -3, 0].map(signed)).toEqual(["+12", "−3", "0"]);
  expect(points(-10)).toBe("−10");
});

test("what counts most comes first", () => {
  expect(inOrder([line(-5), line(30), line(8)]).map((one) => one.points)).toEqual([30, 8, -5]);
});

test("the score's way is drawn in steps, whatever order it comes in", () => {
  const path = stepPath(
    [
      { at: "2026-01-01T01:00:00Z", score: 10 },
      { at: "2026-01-01T00:00:00Z", score: 0 },
      { at: "2026-01-01T02:00:00Z", score: 20 },
    ],
    100,
    20,
  );
  expect(path).toBe("M0 20H45V10H90V0H100");
  expect(stepPath([{ at: "2026-01-01T00:00:00Z", score: 1 }], 100, 20)).toBe("");
});
