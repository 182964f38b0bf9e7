import { ProblemError } from "../../api/problem";
import { refusal } from "./words";

const ID = "0194f7a2-0000-7000-8000-0000deadbeef";

test.each<[ConstructorParameters<typeof ProblemError>, string]>([
  [
    [422, "Invalid request", "invalid", [{ field: "lead_id", message: "is no lead's id" }]],
    "Not merged: the other lead is no longer there, or it isn't yours to see.",
  ],
  [
    [422, `the other lead was merged into the lead ${ID}: merge that one`, "declined"],
    "Not merged: the other lead was merged into the lead …deadbeef: merge that one.",
  ],
  [
    [409, `The lead was merged into the lead ${ID}: ask that one.`, "merged"],
    "Not merged: one of the two was merged into another lead in the meantime.",
  ],
  [[404, "Not found", "not-found"], "Not merged: one of the two is no longer there. It may have been erased."],
  [[410, "Erased", "erased"], "Not merged: one of the two is no longer there. It may have been erased."],
  [[503, "Too many requests are waiting", "busy"], "Too many requests are waiting"],
])("%j is said as: %s", (problem, said) => expect(refusal(new ProblemError(...problem), "Not merged")).toBe(said));

test("what is no answer of the gateway is said as such", () =>
  expect(refusal(new TypeError("x"), "Not merged")).toMatch(/^Something unexpected/));
