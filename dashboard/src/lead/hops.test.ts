import { aHop } from "../test/builders";
import { steps, wholeWay } from "./hops";

const time = (ms: number) => new Date(Date.UTC(2026, 0, 1) + ms).toISOString();

test("each step says how long after the one before it came", () => {
  const [first, second, third] = steps([
    aHop("intake", { at: time(0) }),
    aHop("identity", { at: time(41) }),
    aHop("leads", { at: time(1500) }),
  ]);
  expect([first?.since, second?.since, third?.since]).toEqual(["", "41 ms", "1.5 s"]);
  expect(first?.name).toBe("Received");
});

test("a hop still to come waits, one that did nothing is idle, a rejected one is bad", () => {
  const tones = steps([
    aHop("leads", { at: null, verdict: "" }),
    aHop("communication", { verdict: "ignored" }),
    aHop("identity", { verdict: "rejected" }),
    aHop("scoring", { verdict: "scored" }),
  ]).map(({ tone }) => tone);
  expect(tones).toEqual(["waiting", "idle", "bad", "done"]);
});

test("a verdict that says no more than the name is left out, an unknown station keeps its name", () => {
  expect(steps([aHop("scoring", { verdict: "scored" })])[0]?.verdict).toBe("");
  expect(steps([aHop("crm_sync", { verdict: "pushed" })])[0]).toMatchObject({
    name: "Crm sync",
    verdict: "Pushed",
    place: "1-7",
  });
});

test("the whole way is from the first time to the last", () => {
  expect(wholeWay([aHop("a", { at: time(0) }), aHop("b", { at: time(212) }), aHop("c", { at: null })])).toBe("212 ms");
  expect(wholeWay([aHop("a")])).toBe("");
});
