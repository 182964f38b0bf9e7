/** What could not be handled, at the mock: a form that renamed its fields, and a message that can't be read. A repair takes a few seconds. */
import { randomUUID } from "node:crypto";

const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();
const TRIED = 3;
const A_SECOND = 3;

function letters(count, known) {
  return Array.from({ length: count }, (_, nth) => ({
    id: randomUUID(),
    consumer: "identity",
    topic: "leads.submissions",
    position: `${nth % 6}-${4711 + nth}`,
    event_type: "submission.received.v1",
    source_id: "customer-survey",
    lead: null,
    kind: "undecodable",
    attempts: 1,
    created_at: ago(7 * nth + 12),
    settled_at: null,
    resolution: null,
    repair: null,
    refused: null,
    headers: {},
    body: null,
    raw: null,
    raw_content_type: null,
    ...known(nth),
  }));
}

let waiting = [
  ...letters(12, (nth) => ({
    reason: "kind: Input should be 'lead', 'reference', 'test', 'spam' or 'event'",
    raw: `{"who": {"mail": "guest${nth}@mail.example", "org": "Northwind ${nth}"}, "budget": "10k"}`,
    raw_content_type: "application/json",
  })),
  ...letters(1, () => ({ consumer: "scoring", kind: "bug", reason: "KeyError at rules.py:7", body: { kind: "lead" } })),
];
let repairs = [];

function causes() {
  const groups = [...new Set(waiting.map(({ consumer, kind, reason }) => JSON.stringify({ consumer, kind, reason })))];
  return groups.map((text) => {
    const group = JSON.parse(text);
    const found = among(group);
    return { ...group, count: found.length, first_at: found.at(-1).created_at, last_at: found[0].created_at };
  });
}

const among = ({ ids, consumer, kind, reason }) =>
  waiting.filter((one) =>
    ids ? ids.includes(one.id) : one.consumer === consumer && one.kind === kind && one.reason === reason,
  );

/** As the mapping's paths lead to. */
function fieldsOf({ raw }, mapping) {
  const sent = JSON.parse(raw);
  const found = Object.entries(mapping).map(([field, path]) => [
    field,
    path.split(".").reduce((at, step) => at?.[step], sent),
  ]);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}

function tried({ mapping, patch }, letter) {
  if (!mapping) return { id: letter.id, fields: null, body: { ...letter.body, ...patch }, error: null };
  const fields = letter.raw ? fieldsOf(letter, mapping) : {};
  const error =
    fields.email || fields.phone || fields.name
      ? null
      : "it has neither an e-mail address nor a phone number nor a name";
  return { id: letter.id, fields: error ? null : fields, body: null, error };
}

function start(asked) {
  const group = among(asked);
  if (group.length === 0) {
    return [409, { type: "https://leadflow.dev/problems/nothing-to-repair", title: "Nothing to repair", status: 409 }];
  }
  const repair = {
    id: randomUUID(),
    created_by: "user-1",
    how: asked.mapping ? "mapping" : asked.patch ? "patch" : "unchanged",
    state: "running",
    total: group.length,
    redriven: 0,
    refused: 0,
    left: group.length,
    created_at: ago(0),
    updated_at: ago(0),
  };
  repairs = [repair, ...repairs];
  const timer = setInterval(() => {
    const next = repair.state === "running" ? group.splice(0, A_SECOND) : [];
    for (const letter of next) {
      const { error } = tried(asked, letter);
      if (error) Object.assign(letter, { refused: error });
      else waiting = waiting.filter((other) => other !== letter);
      repair[error ? "refused" : "redriven"] += 1;
    }
    repair.left = repair.state === "running" ? group.length : 0;
    repair.updated_at = ago(0);
    if (repair.left > 0) return;
    repair.state = repair.state === "running" ? "done" : repair.state;
    clearInterval(timer);
  }, 1000);
  return [202, repair];
}

/** The answer to a request about rejections. */
export function rejectionsAnswer(method, id, what, query, body) {
  if (id === "causes") return [200, { items: causes() }];
  if (id === "repairs" && what === "preview") {
    const group = among(body);
    return [200, { items: group.slice(0, body.limit ?? TRIED).map((one) => tried(body, one)), count: group.length }];
  }
  if (id === "repairs" && what) {
    const found = repairs.find((repair) => repair.id === what);
    if (method === "POST") found.state = "cancelled";
    return [200, found];
  }
  if (id === "repairs") return method === "POST" ? start(body) : [200, { items: repairs }];
  if (id) return [200, waiting.find((one) => one.id === id)];
  return [200, { items: among(Object.fromEntries(query)).slice(0, Number(query.get("limit") ?? 50)), next: null }];
}
