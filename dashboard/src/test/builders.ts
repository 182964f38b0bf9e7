/** Leads and what belongs to them, with only what a test cares about said in the test. */
import type { Hop, Lead, Me, Person, ScoreReceipt, TimelineItem } from "../api/types";

export const ANA = "11111111-1111-4111-8111-111111111111";
export const PEOPLE: Person[] = [
  { id: ANA, name: "Ana Rep", email: "ana@leadflow.test", team: "North" },
  { id: "22222222-2222-4222-8222-222222222222", name: "Ben Rep", email: "ben@leadflow.test", team: null },
];

let count = 0;

export function aLead(known: Partial<Lead> = {}): Lead {
  count += 1;
  return {
    id: `lead-${count}`,
    name: `Lead ${count}`,
    first_name: null,
    last_name: null,
    email: `lead${count}@example.org`,
    phone: null,
    company: "Acme",
    status: "new",
    score: 45,
    grade: "B",
    owner: null,
    source: "typeform",
    source_id: "source-1",
    campaign: {},
    answers: {},
    consent: null,
    consents: {},
    awaits_confirmation: false,
    tags: [],
    custom: {},
    merged_into: null,
    merged: [],
    created_at: new Date(Date.UTC(2026, 10, 22, 8, 0, count)).toISOString(),
    updated_at: new Date(Date.UTC(2026, 10, 22, 8, 0, count)).toISOString(),
    version: 10,
    ...known,
  };
}

export function aFact(type: string, known: Partial<TimelineItem> = {}): TimelineItem {
  count += 1;
  return {
    id: `fact-${count}`,
    type,
    at: "2026-11-22T08:00:00Z",
    recorded_at: "2026-11-22T08:00:00.100Z",
    position: { partition: 1, offset: count },
    title: "",
    actor: null,
    detail: {},
    text: null,
    ...known,
  };
}

export const aHop = (name: string, known: Partial<Hop> = {}): Hop => ({
  name,
  at: "2026-11-22T08:00:00Z",
  position: "1-7",
  verdict: "accepted",
  detail: null,
  ...known,
});

export const aReceipt = (known: Partial<ScoreReceipt> = {}): ScoreReceipt => ({
  score: 45,
  grade: "B",
  rules_version: 3,
  receipt: [
    { rule: "demo", label: "Asked for a demo", points: 30, times: 1 },
    { rule: "pricing", label: "Saw the pricing page", points: 20, times: 2 },
    { rule: "free-mail", label: "Free mail address", points: -5, times: 1 },
  ],
  history: [],
  ...known,
});

export const aUser = (known: Partial<Me> = {}): Me => ({
  id: "user-1",
  email: "admin@leadflow.test",
  name: "Ada Admin",
  role: "admin",
  person: ANA,
  ...known,
});
