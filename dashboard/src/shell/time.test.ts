import { clockTime, dayTitle, duration, exactTime, relativeTime, shortAgo } from "./time";

const NOW = new Date(2026, 10, 22, 12, 0, 0).getTime();
const ago = (seconds: number) => NOW - seconds * 1000;

test.each([
  [0, "just now"],
  [-30, "just now"], // a server's clock may be ahead
  [12, "12 s ago"],
  [60, "1 minute ago"],
  [59 * 60, "59 minutes ago"],
  [3 * 3600, "3 hours ago"],
  [86_400, "yesterday"],
  [40 * 86_400, "last month"],
  [800 * 86_400, "2 years ago"],
])("%i s before now is %s", (seconds, words) => expect(relativeTime(ago(seconds), NOW)).toBe(words));

test.each([
  [1, "now"],
  [12, "12 s"],
  [240, "4 min"],
  [7200, "2 h"],
  [5 * 86_400, "5 d"],
  [90 * 86_400, "3 mo"],
  [800 * 86_400, "2 y"],
])("in a table %i s before now is %s", (seconds, words) => expect(shortAgo(ago(seconds), NOW)).toBe(words));

test("what is no time is nothing", () => {
  expect([relativeTime("", NOW), shortAgo("", NOW), exactTime(""), clockTime(""), duration("", "")]).toEqual([
    "",
    "",
    "",
    "",
    "",
  ]);
});

test("days have names as long as names help", () => {
  expect(dayTitle(ago(3600), NOW)).toBe("Today");
  expect(dayTitle(ago(13 * 3600), NOW)).toBe("Yesterday");
  expect(dayTitle(ago(3 * 86_400), NOW)).toBe("Thursday");
  expect(dayTitle(ago(30 * 86_400), NOW)).toBe("23 October");
  expect(dayTitle(ago(400 * 86_400), NOW)).toBe("18 October 2025");
});

test.each([
  [84, "84 ms"],
  [1400, "1.4 s"],
  [12 * 60_000, "12 min"],
  [3 * 3_600_000, "3 h"],
  [3 * 86_400_000, "3 d"],
  [-5, "0 ms"],
])("%i ms is said as %s", (between, words) => expect(duration(NOW, NOW + between)).toBe(words));
