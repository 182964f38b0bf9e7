/**
 * A stand-in for the gateway, for working on the dashboard alone: node mock/server.mjs [port]
 *
 * In memory, one user for each role (password "demo"), new leads every few seconds with MOCK_EVERY_MS. Serves dist/ too.
 */
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { consoleAnswer, makeSource, refusal } from "./console.mjs";
import { fact, gradeOf, makeLead, makeLeads, people } from "./data.mjs";
import { duplicatesOf, merge, unmerge } from "./merging.mjs";

const PORT = Number(process.argv[2] ?? process.env.PORT ?? 8000);
const EVERY_MS = Number(process.env.MOCK_EVERY_MS ?? 0);
const LATENCY_MS = Number(process.env.MOCK_LATENCY_MS ?? 40);
const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const TOKEN = "mock-token";
const ROLES = ["admin", "manager", "rep", "analyst"];

const leads = makeLeads(Number(process.env.MOCK_LEADS ?? 180));
const byId = new Map(leads.map((entry) => [entry.lead.id, entry]));
const BASE = `http://127.0.0.1:${PORT}`;
const sources = [
  makeSource(BASE, { name: "Contact form", vendor: "generic" }),
  makeSource(BASE, { name: "Customer survey", vendor: "typeform", signed: true }),
];
const streams = new Set();
let eventId = 0;
let role = "admin";

function tell({ lead, timeline }, types) {
  const { partition, offset } = timeline[0].position;
  const data = JSON.stringify({ lead: lead.id, version: lead.version, partition, offset, types });
  for (const stream of streams) stream.write(`id: ${++eventId}\nevent: lead.changed\ndata: ${data}\n\n`);
}

function add(known = {}) {
  const entry = makeLead(new Date(), { status: "new", ...known });
  leads.unshift(entry);
  byId.set(entry.lead.id, entry);
  setTimeout(() => tell(entry, ["lead.captured.v1", "lead.scored.v1"]), 30);
  return entry;
}

function change(entry, type, title, detail, fields = {}, text = null) {
  const happened = fact(type, new Date(), title, detail, people[0].id, text);
  entry.timeline.unshift(happened);
  Object.assign(entry.lead, fields, { version: happened.position.offset, updated_at: happened.at });
  tell(entry, [type]);
  return [201, { id: entry.lead.id, version: entry.lead.version, position: place(happened) }];
}

const place = ({ position: { partition, offset } }) => `${partition}-${offset}`;
const problem = (status, title, errors) => [
  status,
  { type: "https://leadflow.dev/problems/mock", title, status, ...(errors ? { errors } : {}) },
];
const count = (key) => leads.reduce((sums, { lead }) => ({ ...sums, [lead[key]]: (sums[lead[key]] ?? 0) + 1 }), {});

function list(query) {
  const q = (query.get("q") ?? "").toLowerCase();
  const fits = ({ lead }) =>
    [lead.name, lead.email, lead.company].some((text) => text?.toLowerCase().includes(q)) &&
    ["status", "grade", "source"].every((key) => !query.get(key) || lead[key] === query.get(key)) &&
    (!query.get("owner") || (query.get("owner") === "none" ? lead.owner === null : lead.owner === query.get("owner")));
  const sort = query.get("sort") ?? "-created_at";
  const order = {
    "-created_at": () => 0,
    "-score": (a, b) => b.lead.score - a.lead.score,
    name: (a, b) => a.lead.name.localeCompare(b.lead.name),
  };
  const found = leads.filter(fits).sort(order[sort]);
  const after = found.findIndex(({ lead }) => lead.id === query.get("cursor"));
  const page = found.slice(after + 1, after + 1 + Number(query.get("limit") ?? 50));
  const more = found.length > after + 1 + page.length;
  return [200, { items: page.map(({ lead }) => lead), next: more ? page.at(-1).lead.id : null }];
}

function overview() {
  const today = new Date().toISOString().slice(0, 10);
  const grades = leads.map(({ lead }) => gradeOf(lead.score));
  return {
    leads_total: leads.length,
    leads_today: leads.filter(({ lead }) => lead.created_at.startsWith(today)).length,
    by_status: count("status"),
    by_grade: Object.fromEntries(
      ["A", "B", "C", "D"].map((grade) => [grade, grades.filter((other) => other === grade).length]),
    ),
    by_source: count("source"),
    unassigned: leads.filter(({ lead }) => lead.owner === null).length,
  };
}

function intake(body) {
  const entry = add({
    name: body.name ?? "No name",
    first_name: null,
    last_name: null,
    email: body.email ?? null,
    company: body.company ?? null,
  });
  return [202, { submission_id: entry.trace.id, position: place(entry.timeline[0]) }];
}

function oneLead(method, entry, what, body, headers) {
  if (!entry) return problem(404, "This lead does not exist.");
  const { lead } = entry;
  if (headers["if-match"] && headers["if-match"] !== `"${lead.version}"`)
    return problem(412, "Someone else changed it.");
  if (method === "PATCH" && body.phone === "x")
    return problem(422, "Not valid", [{ field: "phone", message: "not a phone number" }]);
  if (method === "PATCH") {
    const { status, ...fields } = body;
    if (status)
      return change(
        entry,
        "lead.status_changed.v1",
        `Status ${lead.status} → ${status}`,
        { before: lead.status, status },
        { status },
      );
    const name = [fields.first_name ?? lead.first_name, fields.last_name ?? lead.last_name].filter(Boolean).join(" ");
    return change(
      entry,
      "lead.updated.v1",
      `Changed ${Object.keys(fields).join(", ")}`,
      { changes: fields, fields: Object.keys(fields) },
      { ...fields, name },
    );
  }
  if (method === "POST" && what === "notes") return change(entry, "lead.noted.v1", "Note", {}, {}, body.text);
  if (method === "POST" && what === "assign") {
    return change(
      entry,
      "lead.assigned.v1",
      body.owner ? `Assigned to ${people.find(({ id }) => id === body.owner)?.name}` : "Owner removed",
      { before: lead.owner, owner: body.owner },
      { owner: body.owner },
    );
  }
  if (method === "POST" && what === "erase") {
    leads.splice(leads.indexOf(entry), 1);
    byId.delete(lead.id);
    return [200, { id: lead.id, version: lead.version + 1, position: null }];
  }
  if (method === "POST" && (what === "merge" || what === "unmerge")) return together(entry, what, body.lead_id);
  if (what === "duplicates") return [200, { items: duplicatesOf(leads, entry) }];
  if (what === "timeline") return [200, { items: entry.timeline, next: null }];
  if (what === "messages") return [200, { items: entry.messages }];
  return [200, { score: entry.score, trace: entry.trace }[what] ?? lead];
}

function together(entry, what, id) {
  const other = byId.get(id);
  const { lead } = entry;
  if (!other || other === entry) return problem(422, "Not valid", [{ field: "lead_id", message: "is no lead's id" }]);
  if ((other.lead.merged_into === lead.id) === (what === "merge")) return problem(422, "Declined");
  const [act, types] = what === "merge" ? [merge, ["lead.absorbed.v1"]] : [unmerge, ["lead.released.v1"]];
  act(leads, entry, other);
  lead.version = entry.timeline[0].position.offset;
  tell(entry, types);
  return [200, { id: lead.id, version: lead.version, position: place(entry.timeline[0]) }];
}

/** The lead itself for who asks of the past, else the one that it goes on as. */
function goesOnAs(entry, query) {
  const into = entry?.lead.merged_into;
  return into && !query.has("as_of") ? byId.get(into) : entry;
}

function answer(method, url, body, headers) {
  const [, , resource, id, what] = url.pathname.split("/");
  if (resource === "intake") return intake(body);
  if (headers.authorization !== `Bearer ${TOKEN}`) return problem(401, "Not signed in.");
  const settled = consoleAnswer(method, url, body, sources);
  if (settled) return settled;
  if (resource === "auth") {
    return [
      200,
      { id: people[0].id, email: `${role}@leadflow.test`, name: people[0].name, role, person: people[0].id },
    ];
  }
  if (resource === "leads" && !id) return method === "GET" ? list(url.searchParams) : [201, add(body).lead];
  if (resource === "leads") return oneLead(method, goesOnAs(byId.get(id), url.searchParams), what, body, headers);
  if (resource === "people") return [200, { items: people }];
  if (resource === "overview") return [200, overview()];
  return problem(404, "No such address.");
}

function session(url, body, headers) {
  const signedIn = { access_token: TOKEN, token_type: "bearer", expires_in: 900 };
  const cookie = (age) => ({
    "Set-Cookie": `lf_refresh=mock; Path=/v1/auth; HttpOnly; SameSite=Strict; Max-Age=${age}`,
  });
  if (url.pathname.endsWith("/login")) {
    const refused = refusal(body);
    if (refused) return refused;
    role = ROLES.find((known) => body.email?.startsWith(known)) ?? (body.email?.startsWith("factor") ? "admin" : "rep");
    return [200, signedIn, cookie(86_400)];
  }
  if (url.pathname.endsWith("/reset")) return [202, { status: "accepted" }, {}];
  if (url.pathname.endsWith("/logout")) return [204, null, cookie(0)];
  if (headers.cookie?.includes("lf_refresh=mock")) return [200, signedIn, cookie(86_400)];
  return [...problem(401, "No session."), {}];
}

function stream(response) {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  response.write(": hello\n\n");
  streams.add(response);
  const beat = setInterval(() => response.write(": beat\n\n"), 15_000);
  response.on("close", () => {
    clearInterval(beat);
    streams.delete(response);
  });
}

async function page(pathname, response) {
  const path = join(DIST, normalize(pathname));
  const file = path.startsWith(DIST) && extname(path) ? path : join(DIST, "index.html");
  try {
    const bytes = await readFile(file);
    response.writeHead(200, { "Content-Type": TYPES[extname(file)] ?? "application/octet-stream" }).end(bytes);
  } catch {
    response.writeHead(404).end("Run npm run build first, or use npm run dev.");
  }
}

createServer(async (request, response) => {
  const url = new URL(request.url, `http://127.0.0.1:${PORT}`);
  if (!url.pathname.startsWith("/v1/")) return page(url.pathname, response);
  if (url.pathname === "/v1/stream") return stream(response);
  let text = "";
  for await (const piece of request) text += piece;
  const body = text && request.headers["content-type"]?.includes("json") ? JSON.parse(text) : {};
  const isSession = /^\/v1\/auth\/(login|refresh|logout|reset)$/.test(url.pathname);
  const [status, value, more = {}] = isSession
    ? session(url, body, request.headers)
    : answer(request.method, url, body, request.headers);
  const type = status >= 400 ? "application/problem+json" : "application/json";
  await new Promise((resolve) => setTimeout(resolve, LATENCY_MS));
  response
    .writeHead(status, { ...(value ? { "Content-Type": type } : {}), ...more })
    .end(value ? JSON.stringify(value) : undefined);
}).listen(PORT, "127.0.0.1", async () => {
  const users = Object.fromEntries(ROLES.map((name) => [name, { email: `${name}@leadflow.test`, password: "demo" }]));
  if (process.env.MOCK_DEMO)
    await writeFile(process.env.MOCK_DEMO, JSON.stringify({ base_url: `http://127.0.0.1:${PORT}`, users }));
  process.stdout.write(`mock gateway on http://127.0.0.1:${PORT} (admin@leadflow.test, password demo)\n`);
});

if (EVERY_MS > 0) setInterval(add, EVERY_MS);
