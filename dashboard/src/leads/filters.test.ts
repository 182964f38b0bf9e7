import { isFiltered, readFilters, toQuery } from "./filters";

test("an address that makes no sense shows everything", () => {
  expect(readFilters({ status: "nonsense", sort: "evil", q: "", owner: ["a"], grade: null })).toEqual({});
  expect(Object.keys(readFilters({}))).toEqual(["q", "status", "owner", "grade", "source", "sort"]);
});

test("what was chosen comes back as it was", () => {
  const chosen = { q: "ana", status: "won", owner: "none", grade: "A", source: "typeform", sort: "-score" };
  expect(readFilters(chosen)).toEqual(chosen);
});

test("a search for a number stays a text", () => {
  expect(readFilters({ q: 42 })).toEqual({ q: "42" });
});

test("newest first is how it is anyway", () => {
  expect(readFilters({ sort: "-created_at" })).toEqual({});
});

test("the query carries a page's size and where it begins", () => {
  expect(toQuery({ q: " ana ", status: "new" }, 50, null)).toEqual({ q: "ana", status: "new", limit: 50 });
  expect(toQuery({ q: "  " }, 50, "next")).toEqual({ limit: 50, cursor: "next" });
});

test("an order is no filter", () => {
  expect(isFiltered({ sort: "-score" })).toBe(false);
  expect(isFiltered({ grade: "A" })).toBe(true);
});
