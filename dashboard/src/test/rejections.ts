/** The part of the gateway for tests that is about what could not be handled. */
import { http, HttpResponse } from "msw";
import type { Cause, OpenedRejection, Repair, RepairAsked } from "../api/types";
import { problem } from "./gateway";

export interface Rejected {
  causes: Cause[];
  rejections: OpenedRejection[];
  repairs: Repair[];
}

const AT = "2026-11-22T08:00:00Z";
const at = (path: string) => `http://localhost/v1/rejections${path}`;

export const aCause = (reason: string, known: Partial<Cause> = {}): Cause => ({
  consumer: "identity",
  kind: "undecodable",
  reason,
  count: 3,
  first_at: AT,
  last_at: AT,
  ...known,
});

export const aRejection = (id: string, known: Partial<OpenedRejection> = {}): OpenedRejection => ({
  id,
  consumer: "identity",
  topic: "leads.submissions",
  position: "2-7",
  event_type: "submission.received.v1",
  source_id: "source-1",
  lead: null,
  kind: "undecodable",
  reason: "kind: x",
  attempts: 1,
  created_at: AT,
  settled_at: null,
  resolution: null,
  repair: null,
  refused: null,
  headers: {},
  body: { kind: "x" },
  raw: null,
  raw_content_type: null,
  ...known,
});

export const aRepair = (id: string, known: Partial<Repair> = {}): Repair => ({
  id,
  created_by: "user-1",
  how: "mapping",
  state: "running",
  total: 3,
  redriven: 1,
  refused: 0,
  left: 2,
  created_at: AT,
  updated_at: AT,
  ...known,
});

export const newRejected = (): Rejected => ({ causes: [], rejections: [], repairs: [] });

function tried({ mapping, patch }: RepairAsked) {
  const fields = mapping ? { email: "eve@mapped.example", kind: "lead" } : null;
  return {
    items: [
      { id: "one", fields, body: fields ? null : { ...patch }, error: null },
      { id: "two", fields: null, body: null, error: "it has neither an e-mail address nor a name" },
    ],
    count: 3,
  };
}

export const rejectionHandlers = (state: Rejected) => [
  http.get(at("/causes"), () => HttpResponse.json({ items: state.causes })),
  http.get(at("/repairs"), () => HttpResponse.json({ items: state.repairs })),
  http.post(at("/repairs/preview"), async ({ request }) =>
    HttpResponse.json(tried((await request.json()) as RepairAsked)),
  ),
  http.post(at("/repairs"), () => {
    const repair = aRepair("repair-1", { redriven: 0, left: 3 });
    state.repairs = [repair];
    return HttpResponse.json(repair, { status: 202 });
  }),
  http.post(at("/repairs/:id/cancel"), ({ params }) => {
    state.repairs = state.repairs.map((one) => (one.id === params.id ? { ...one, state: "cancelled", left: 0 } : one));
    return HttpResponse.json(state.repairs[0]);
  }),
  http.get(at(""), () => HttpResponse.json({ items: state.rejections, next: null })),
  http.get(at("/:id"), ({ params }) => {
    const found = state.rejections.find(({ id }) => id === params.id);
    return found ? HttpResponse.json(found) : problem(404, "Not found");
  }),
];
