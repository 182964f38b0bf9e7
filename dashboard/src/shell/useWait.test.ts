import { waitText } from "./useWait";

test("a wait is said in seconds, a long one in minutes", () => {
  expect([1, 119, 120, 121, 900].map(waitText)).toEqual(["1 s", "119 s", "2 min", "3 min", "15 min"]);
});
