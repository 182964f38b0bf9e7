import { sawVersion, versionSeen } from "./versions";

test("the newest version counts, and only so many leads are kept", () => {
  sawVersion("a", 7);
  sawVersion("a", 5);
  expect(versionSeen("a")).toBe(7);
  for (let lead = 0; lead < 200; lead++) sawVersion(`lead ${lead}`, 1);
  expect(versionSeen("a")).toBe(-1);
});
