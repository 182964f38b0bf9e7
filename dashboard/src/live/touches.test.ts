import { keys } from "../api/keys";
import { leadChanged, touched } from "./touches";

const change = (...types: string[]) => ({ lead: "a", version: 1, partition: 0, offset: 1, types });

test("a score touches the receipt and the lists, a note neither", () => {
  const scored = touched([change("lead.scored.v1")]);
  expect(scored).toContainEqual(keys.lead.score("a"));
  expect(scored).toContainEqual(keys.leads.all());
  const noted = touched([change("lead.noted.v1")]);
  expect(noted).toContainEqual(keys.lead.timeline("a"));
  expect(noted).not.toContainEqual(keys.leads.all());
});

test("a burst about one lead asks for each thing once", () => {
  const some = touched(Array.from({ length: 50 }, () => change("lead.scored.v1", "lead.updated.v1")));
  expect(new Set(some.map((key) => JSON.stringify(key))).size).toBe(some.length);
});

test("a type from the future touches all of its lead", () => {
  expect(touched([change("lead.meeting_booked.v2")])).toContainEqual(keys.lead.all("a"));
  expect(touched([change()])).toContainEqual(keys.lead.all("a"));
});

test("data that is no change of a lead is dropped", () => {
  expect(leadChanged("{}")).toBeNull();
  expect(leadChanged("null")).toBeNull();
  expect(leadChanged("no json")).toBeNull();
  expect(leadChanged('{"lead":"a","types":"x"}')).toEqual({
    lead: "a",
    version: null,
    partition: 0,
    offset: 0,
    types: [],
  });
});
