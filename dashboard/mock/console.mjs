/** The mock's accounts and settings, in memory. The password is always "demo", the code of the app "123456". */
import { randomUUID } from "node:crypto";
import { people } from "./data.mjs";
import { rejectionsAnswer } from "./rejections.mjs";

const PASSWORD = "demo";
const CODE = "123456";
const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();
const problem = (status, slug, title, errors) => [
  status,
  { type: `https://leadflow.dev/problems/${slug}`, title, status, ...(errors ? { errors } : {}) },
];

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1";
const session = (device, address, minutes, current = false) => ({
  id: randomUUID(),
  device,
  address,
  begun_at: ago(minutes * 40),
  last_used_at: ago(minutes),
  current,
});
let sessions = [
  session(FIREFOX, "192.0.2.7", 0, true),
  session(IPHONE, "198.51.100.24", 95),
  session("curl/8.5.0", "203.0.113.9", 2900),
];
let factor = { enabled: false, recovery_codes_left: 0 };

const user = (name, role, index, known = {}) => ({
  id: people[index]?.id ?? randomUUID(),
  email: `${name.split(" ")[0].toLowerCase()}@leadflow.test`,
  name,
  role,
  person: people[index]?.id ?? null,
  disabled: false,
  invited: false,
  second_factor: false,
  created_at: ago(90_000),
  ...known,
});
const users = [
  user("Marta Nunes", "admin", 0, { second_factor: true }),
  user("Tom Becker", "manager", 1),
  user("Aisha Khan", "rep", 2, { invited: true }),
  user("Luca Ferri", "rep", 3, { disabled: true }),
];

const key = (name, role, known = {}) => ({
  id: randomUUID(),
  name,
  role,
  scopes: null,
  created_by: users[0].id,
  created_at: ago(30_000),
  expires_at: null,
  last_used_at: null,
  revoked_at: null,
  ...known,
});
const apiKeys = [
  key("Website backend", "integration", { scopes: ["leads:write"], last_used_at: ago(3), expires_at: ago(-400_000) }),
  key("Warehouse export", "analyst", { last_used_at: ago(1500) }),
  key("Old import", "integration", { revoked_at: ago(9000) }),
];
const ROLES = [
  {
    role: "admin",
    permissions: ["audit:read", "keys:write", "leads:read", "leads:write", "sources:write", "users:write"],
  },
  { role: "manager", permissions: ["leads:assign", "leads:read", "leads:write", "sources:read", "sources:write"] },
  { role: "rep", permissions: ["leads:edit", "leads:read", "leads:take", "leads:write"] },
  { role: "analyst", permissions: ["leads:all", "leads:read", "reports:read", "sources:read"] },
  { role: "integration", permissions: ["leads:write", "submissions:read"] },
];

export function makeSource(base, { name, vendor, signed, secret, mapping = {}, double_opt_in = false }) {
  const id = randomUUID();
  return {
    id,
    name,
    vendor,
    url: `${base}/v1/intake/${id}`,
    form_url: `${base}/f/${id}`,
    signed: signed ?? Boolean(secret),
    signature: null,
    mapping,
    open_answers: [],
    quiet: false,
    allowed_origins: [],
    credentials: [],
    form: null,
    double_opt_in,
    old_secret_until: null,
    created_at: ago(0),
    version: 1,
  };
}

const ACTIONS = ["login", "create_source", "change_user", "edit_lead", "create_key", "rotate_secret", "erase_lead"];
const OUTCOMES = ["done", "done", "done", "refused", "done", "done", "failed"];
const log = Array.from({ length: 130 }, (_, index) => ({
  id: String(1000 - index),
  at: ago(index * 7),
  actor: index % 5 === 0 ? "nobody" : (users[index % 3]?.id ?? "system"),
  action: ACTIONS[index % ACTIONS.length],
  object: index % 5 === 0 ? "" : `leads/01940000-0000-7000-8000-${String(index).padStart(12, "0")}`,
  outcome: OUTCOMES[index % OUTCOMES.length],
  status: { done: 200, refused: 403, failed: 503 }[OUTCOMES[index % OUTCOMES.length]],
  detail: "",
  request_id: randomUUID(),
  address: "192.0.2.7",
}));

function auditPage(query) {
  const asks = ["actor", "action", "object", "outcome"].filter((name) => query.get(name));
  const found = log.filter((entry) => asks.every((name) => entry[name] === query.get(name)));
  const start = found.findIndex(({ id }) => id === query.get("cursor")) + 1;
  const items = found.slice(start, start + Number(query.get("limit") ?? 100));
  return [200, { items, next: start + items.length < found.length ? items.at(-1).id : null }];
}

function totp(method, what, body) {
  if (method === "GET") return [200, factor];
  if (what !== "confirm" && body.password !== PASSWORD) return problem(403, "wrong-password", "The password is wrong");
  if (!what) {
    const secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    return [201, { secret, uri: `otpauth://totp/Leadflow:marta%40leadflow.test?secret=${secret}&issuer=Leadflow` }];
  }
  if (body.code !== CODE) {
    return problem(422, "wrong-code", "The code is wrong", [{ field: "code", message: "is wrong, over, or was used" }]);
  }
  factor = what === "confirm" ? { enabled: true, recovery_codes_left: 8 } : { enabled: false, recovery_codes_left: 0 };
  const code = () => randomUUID().slice(0, 18).toUpperCase();
  return what === "confirm" ? [200, { recovery_codes: Array.from({ length: 8 }, code) }] : [204, null];
}

function account(method, what, id, body) {
  if (what === "totp") return totp(method, id, body);
  if (what === "roles") return [200, { items: ROLES }];
  if (what === "password") {
    return body.old === PASSWORD ? [204, null] : problem(403, "wrong-password", "The password is wrong");
  }
  if (what === "sessions" && method === "GET") return [200, { items: sessions }];
  if (what === "sessions") {
    sessions = sessions.filter((one) => (id ? one.id !== id : one.current));
    return [204, null];
  }
  if (what === "keys" && method === "GET") return [200, { items: apiKeys }];
  if (what === "keys" && method === "POST") {
    apiKeys.unshift(key(body.name, body.role, { scopes: body.scopes ?? null, expires_at: body.expires_at ?? null }));
    return [201, { ...apiKeys[0], key: `lf_${randomUUID().replaceAll("-", "")}` }];
  }
  Object.assign(apiKeys.find((one) => one.id === id) ?? {}, { revoked_at: ago(0) });
  return [204, null];
}

function oneUser(method, id, body) {
  if (method === "POST" && !id) {
    users.push(user(body.name, body.role, -1, { ...body, invited: true }));
    return [201, users.at(-1)];
  }
  const found = users.find((one) => one.id === id);
  if (!found) return [200, { items: users, next: null }];
  if (method === "PATCH") Object.assign(found, body);
  return method === "DELETE" ? [204, null] : [200, found];
}

function oneSource(sources, method, id, what, body, base) {
  if (method === "GET") return [200, { items: sources }];
  if (!id) {
    sources.unshift(makeSource(base, body));
    return [201, { ...sources[0], secret: body.secret ?? randomUUID() }];
  }
  const index = sources.findIndex((one) => one.id === id);
  if (index < 0) return problem(404, "not-found", "Not found");
  if (what === "preview") {
    const places = { email: ["data.mail"], company: ["data.org"] };
    return [200, { submissions: [{ fields: { email: "ana@example.org", company: "Northwind" }, places }] }];
  }
  if (what) return [200, { ...sources[index], secret: randomUUID() }];
  if (method === "DELETE") sources.splice(index, 1);
  else Object.assign(sources[index], body, { version: sources[index].version + 1 });
  return method === "DELETE" ? [204, null] : [200, sources[index]];
}

/** The answer to a request about accounts or settings; undefined for any other. */
export function consoleAnswer(method, url, body, sources) {
  const [, , resource, id, what] = url.pathname.split("/");
  if (resource === "auth" && id !== "me") return account(method, id, what, body);
  if (resource === "users") return oneUser(method, id, body);
  if (resource === "audit") return auditPage(url.searchParams);
  if (resource === "rejections") return rejectionsAnswer(method, id, what, url.searchParams, body);
  return resource === "sources" ? oneSource(sources, method, id, what, body, url.origin) : undefined;
}

/** Why somebody is not let in yet; null if nothing is in the way. Who begins with "factor" has a second factor. */
export function refusal({ email = "", password, code }) {
  if (email.startsWith("locked")) {
    return [...problem(429, "too-many-guesses", "Too many wrong logins"), { "Retry-After": "40" }];
  }
  if (password !== PASSWORD)
    return [...problem(401, "unauthorized", "The e-mail address or the password is wrong."), {}];
  if (!email.startsWith("factor") || code === CODE) return null;
  const known = code === undefined ? ["code-needed", "A code is needed"] : ["wrong-code", "The code is wrong"];
  return [...problem(401, ...known), {}];
}
