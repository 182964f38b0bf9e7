import { aFact, ANA } from "../test/builders";
import { actorName, describe as say, title } from "./describe";

const nameOf = (id: string) => (id === ANA ? "Ana Rep" : null);

test("the gateway's title comes first, then ours, then the type in words", () => {
  expect(title(aFact("lead.scored.v1", { title: "Score went up" }))).toBe("Score went up");
  expect(title(aFact("lead.scored.v1"))).toBe("Score changed");
  expect(title(aFact("lead.meeting_booked.v1"))).toBe("Lead meeting booked");
});

test.each([
  ["lead.scored.v1", { score: 45, before: 30, grade: "B" }, "+15 points"],
  ["lead.scored.v1", { score: 29, before: 30 }, "−1 point"],
  ["lead.scored.v1", {}, ""],
  ["lead.scored.v1", { score: 0, before: 0 }, ""],
  ["lead.status_changed.v1", { before: "new", status: "won" }, ""],
  ["lead.assigned.v1", { before: ANA, owner: "x", reason: "round robin" }, "round robin · before: Ana Rep"],
  ["lead.assigned.v1", { before: null, owner: ANA, reason: "" }, ""],
  [
    "lead.updated.v1",
    { fields: ["phone"], changes: { phone: null, phone_e164: null, first_name: "Ana" } },
    "Phone: — · First name: Ana",
  ],
  ["lead.updated.v1", {}, ""],
  ["lead.updated.v1", { fields: ["consents"], changes: { consents: { mail: false } } }, ""],
  [
    "lead.captured.v1",
    { vendor: "typeform", campaign: { utm_source: "ads" }, quiet: true },
    "Typeform · ads · quiet: nobody was disturbed",
  ],
  ["lead.captured.v1", { source: "8a7b" }, ""],
  [
    "lead.captured.v1",
    { vendor: "generic", awaits_confirmation: { wording: "I agree." } },
    "Generic · confirmation awaited",
  ],
  ["consent.confirmed.v1", { overall: true, purposes: [], wording: "I agree." }, "I agree."],
  ["message.planned.v1", { template: "owner-alert", to: "owner", reason: "new lead" }, "to the owner · new lead"],
  ["message.planned.v1", { template: "assignment", to: "owner", reason: "assignment" }, "to the owner"],
  ["message.recorded.v1", { outcome: "failed", detail: "mailbox full" }, "mailbox full"],
  ["lead.erased.v1", {}, ""],
  [
    "activity.recorded.v1",
    {
      kind: "page_view",
      page: "Prices",
      host: "shop.example",
      path: "/pricing",
      referrer: "https://search.example/?q=x",
      campaign: { utm_source: "ads" },
    },
    "shop.example/pricing · from search.example · ads",
  ],
  ["activity.recorded.v1", { kind: "page_view", host: "shop.example", path: "/" }, ""],
  ["activity.recorded.v1", { kind: "bounced", reason: "no such user", permanent: true }, "no such user"],
  ["activity.recorded.v1", { kind: "replied", from: "ada@x.example" }, "ada@x.example"],
  ["activity.recorded.v1", { kind: "opened" }, ""],
  ["lead.absorbed.v1", { fact_type: "lead.captured.v1", vendor: "typeform", merged_from: "x" }, "Typeform"],
  ["lead.absorbed.v1", { merged_from: "x" }, ""],
])("of %s %j, beside the title: %s", (type, detail, words) => expect(say(aFact(type, { detail }), nameOf)).toBe(words));

test("somebody has a name, a consumer is named, an id is not shown", () => {
  expect(actorName(ANA, nameOf)).toBe("Ana Rep");
  expect(actorName("scoring", nameOf)).toBe("Scoring");
  expect(actorName("/leadflow/consumers/routing", nameOf)).toBe("Routing");
  expect(actorName("routing.pools", nameOf)).toBe("Routing");
  expect(actorName("source:src_0713d4dcc20e6e02b50fe4da", nameOf)).toBe("");
  expect(actorName("leads", nameOf)).toBe("");
  expect(actorName("x@y.z", nameOf)).toBe("x@y.z");
  expect(actorName("22222222-2222-4222-8222-222222222222", nameOf)).toBe("");
  expect(actorName(null, nameOf)).toBe("");
});
