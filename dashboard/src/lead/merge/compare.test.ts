import { aLead, ANA } from "../../test/builders";
import { compare, shortId, valueOf } from "./compare";

const kept = (stays: Parameters<typeof aLead>[0], ends: Parameters<typeof aLead>[0]) =>
  Object.fromEntries(compare(aLead(stays), aLead(ends)).map((line) => [line.field, line.kept]));

const AT = "2026-11-22T08:00:00Z";

test("what the one that stays knows is kept, the other one fills what is unknown", () => {
  const found = kept(
    { name: "Ana", email: "a@x.example", phone: null, company: null, owner: null, created_at: AT },
    { name: "A. Silva", email: "b@x.example", phone: "1", company: null, owner: ANA, created_at: AT },
  );
  expect(found).toEqual({
    name: "stays",
    email: "stays",
    phone: "ends",
    company: null,
    owner: "ends",
    status: "both",
    score: null,
    created_at: "both",
  });
});

test.each([
  ["new", "contacted", "ends"],
  ["contacted", "won", "stays"],
  ["qualified", "new", "stays"],
  ["lost", "lost", "both"],
])("of the status %s and the other one's %s, it is kept: %s", (status, other, side) =>
  expect(kept({ status }, { status: other }).status).toBe(side),
);

test("it came in when the earlier one did", () => {
  const later = "2026-11-23T08:00:00+01:00";
  expect(kept({ created_at: AT }, { created_at: later }).created_at).toBe("stays");
  expect(kept({ created_at: later }, { created_at: AT }).created_at).toBe("ends");
});

test("a name in parts is a name, an empty one is none", () => {
  expect(valueOf(aLead({ name: " ", first_name: "Ana", last_name: "Silva" }), "name")).toBe("Ana Silva");
  expect(valueOf(aLead({ name: null }), "name")).toBeNull();
});

test("an id is told by its end", () => {
  expect(shortId("0194f7a2-0000-7000-8000-0000deadbeef")).toBe("…deadbeef");
  expect(shortId("lead-1")).toBe("lead-1");
});
