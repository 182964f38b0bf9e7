/** A gateway for tests: what is in `state` is what it answers; what it was asked stands in `state.asked`. */
import { http, HttpResponse } from "msw";
import { setupServer } from "msw/node";
import type { Duplicate, Lead, LeadMessage, Me, Overview, ScoreReceipt, TimelineItem, Trace } from "../api/types";
import { aReceipt, aUser, PEOPLE } from "./builders";
import { type Console, consoleHandlers, newConsole } from "./console";
import { newRejected, type Rejected, rejectionHandlers } from "./rejections";

interface Asked {
  method: string;
  path: string;
  search: string;
  headers: Headers;
  body: unknown;
}

interface State extends Console, Rejected {
  me: Me;
  session: boolean;
  leads: Lead[];
  duplicates: Duplicate[];
  timeline: TimelineItem[];
  messages: LeadMessage[];
  trace: Trace;
  score: ScoreReceipt;
  overview: Overview;
  asked: Asked[];
  /** Writes into the open stream, if there is one. */
  say: ((text: string) => void) | null;
}

const at = (path: string) => `http://localhost${path}`;
const TOKEN = { access_token: "token-1", token_type: "bearer", expires_in: 900 };
export const PAGE = 3;

export const state = {} as State;

export function resetGateway(): void {
  Object.assign(state, {
    me: aUser(),
    session: true,
    leads: [],
    duplicates: [],
    timeline: [],
    messages: [],
    trace: { id: "submission-1", status: "processed", lead_id: null, hops: [] },
    score: aReceipt(),
    overview: {
      leads_total: 1234,
      leads_today: 7,
      by_status: { new: 5, won: 2 },
      by_grade: {},
      by_source: { typeform: 3, webflow: 1 },
      unassigned: 3,
    },
    asked: [],
    say: null,
    ...newConsole(),
    ...newRejected(),
  } satisfies State);
}

interface Told {
  slug?: string;
  /** Seconds. */
  retryAfter?: number;
}

export const problem = (
  status: number,
  title: string,
  errors?: { field: string; message: string }[],
  { slug = "test", retryAfter }: Told = {},
) =>
  HttpResponse.json(
    { type: `https://leadflow.dev/problems/${slug}`, title, status, ...(errors ? { errors } : {}) },
    {
      status,
      headers: {
        "Content-Type": "application/problem+json",
        ...(retryAfter === undefined ? {} : { "Retry-After": String(retryAfter) }),
      },
    },
  );

function note(request: Request): void {
  const { pathname, search } = new URL(request.url);
  const asked: Asked = { method: request.method, path: pathname, search, headers: request.headers, body: null };
  state.asked.push(asked);
  void request
    .clone()
    .text()
    .then((text) => {
      if (text) asked.body = JSON.parse(text);
    });
}

/** The requests of one method to one path, in order. */
export const askedFor = (method: string, path: string): Asked[] =>
  state.asked.filter((one) => one.method === method && one.path === path);

function list(request: Request) {
  const query = new URL(request.url).searchParams;
  const q = query.get("q")?.toLowerCase() ?? "";
  const status = query.get("status");
  const found = state.leads.filter(
    (lead) => !lead.merged_into && lead.name?.toLowerCase().includes(q) && (!status || lead.status === status),
  );
  const from = Number(query.get("cursor") ?? 0);
  const next = from + PAGE < found.length ? String(from + PAGE) : null;
  return HttpResponse.json({ items: found.slice(from, from + PAGE), next });
}

function stream() {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode(": hello\n\n"));
      state.say = (text) => controller.enqueue(encoder.encode(text));
    },
  });
  return new HttpResponse(body, { headers: { "Content-Type": "text/event-stream" } });
}

function changed(lead: Lead | undefined, fields: Partial<Lead>) {
  if (!lead) return problem(404, "Not found");
  Object.assign(lead, fields, { version: lead.version + 1 });
  return HttpResponse.json({ id: lead.id, version: lead.version, position: "1-9" });
}

const leadOf = (id: unknown) => state.leads.find((lead) => lead.id === id);

const goesOnAs = (lead: Lead | undefined) => (lead?.merged_into ? leadOf(lead.merged_into) : lead);

async function together(stays: Lead | undefined, request: Request, merged: boolean) {
  const { lead_id: id } = (await request.json()) as { lead_id: string };
  const ends = leadOf(id);
  if (!stays || !ends) return problem(422, "Invalid request", [{ field: "lead_id", message: "is no lead's id" }]);
  ends.merged_into = merged ? stays.id : null;
  return changed(stays, { merged: merged ? [...stays.merged, id] : stays.merged.filter((other) => other !== id) });
}

export const gateway = setupServer(
  http.post(at("/v1/auth/refresh"), () => (state.session ? HttpResponse.json(TOKEN) : problem(401, "No session"))),
  http.post(at("/v1/auth/login"), () => HttpResponse.json(TOKEN)),
  http.post(at("/v1/auth/reset"), () => HttpResponse.json({ status: "accepted" }, { status: 202 })),
  http.post(at("/v1/auth/logout"), () => new HttpResponse(null, { status: 204 })),
  http.get(at("/v1/auth/me"), () => HttpResponse.json(state.me)),
  ...consoleHandlers(state),
  ...rejectionHandlers(state),
  http.get(at("/v1/people"), () => HttpResponse.json({ items: PEOPLE })),
  http.get(at("/v1/overview"), () => HttpResponse.json(state.overview)),
  http.get(at("/v1/stream"), () => stream()),
  http.get(at("/v1/leads"), ({ request }) => list(request)),
  http.get(at("/v1/leads/:id"), ({ params, request }) => {
    const lead = leadOf(params.id);
    const shown = new URL(request.url).searchParams.has("as_of") ? lead : goesOnAs(lead);
    return shown ? HttpResponse.json(shown) : problem(404, "Not found");
  }),
  http.get(at("/v1/leads/:id/duplicates"), () => HttpResponse.json({ items: state.duplicates })),
  http.post(at("/v1/leads/:id/merge"), ({ request, params }) => together(leadOf(params.id), request, true)),
  http.post(at("/v1/leads/:id/unmerge"), ({ request, params }) => together(leadOf(params.id), request, false)),
  http.get(at("/v1/leads/:id/timeline"), () => HttpResponse.json({ items: state.timeline, next: null })),
  http.get(at("/v1/leads/:id/messages"), () => HttpResponse.json({ items: state.messages })),
  http.get(at("/v1/leads/:id/score"), () => HttpResponse.json(state.score)),
  http.get(at("/v1/leads/:id/trace"), () => HttpResponse.json(state.trace)),
  http.patch(at("/v1/leads/:id"), async ({ request, params }) =>
    changed(leadOf(params.id), (await request.json()) as Partial<Lead>),
  ),
  http.post(at("/v1/leads/:id/assign"), async ({ request, params }) =>
    changed(leadOf(params.id), (await request.json()) as Partial<Lead>),
  ),
  http.post(at("/v1/leads/:id/notes"), ({ params }) => changed(leadOf(params.id), {})),
  http.post(at("/v1/leads/:id/erase"), ({ params }) => {
    state.leads = state.leads.filter((lead) => lead.id !== params.id);
    return HttpResponse.json({ id: String(params.id), version: 99, position: null });
  }),
);

gateway.events.on("request:start", ({ request }) => note(request));
