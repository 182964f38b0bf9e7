/** The part of the gateway for tests that is about accounts and settings. */
import { http, HttpResponse } from "msw";
import type { ApiKey, AuditItem, NewKey, NewSource, RoleItem, SecondFactor, Session, Source, User } from "../api/types";
import { problem } from "./gateway";

export interface Console {
  sessions: Session[];
  factor: SecondFactor;
  users: User[];
  keys: ApiKey[];
  sources: Source[];
  audit: AuditItem[];
}

export const PASSWORD = "a right password";
export const CODE = "123456";
export const CODES = ["AAAA-BBBB", "CCCC-DDDD"];
export const AUDIT_PAGE = 2;
const AT = "2026-11-22T08:00:00Z";
const at = (path: string) => `http://localhost${path}`;
const done = () => new HttpResponse(null, { status: 204 });

export const aSession = (id: string, known: Partial<Session> = {}): Session => ({
  id,
  device: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  address: "192.0.2.7",
  begun_at: AT,
  last_used_at: AT,
  current: false,
  ...known,
});

export const someUser = (name: string, known: Partial<User> = {}): User => ({
  id: `user-${name}`,
  email: `${name.toLowerCase()}@leadflow.test`,
  name,
  role: "rep",
  person: null,
  disabled: false,
  invited: false,
  second_factor: false,
  created_at: AT,
  ...known,
});

export const aKey = (name: string, known: Partial<ApiKey> = {}): ApiKey => ({
  id: `key-${name}`,
  name,
  role: "integration",
  scopes: null,
  created_by: "user-1",
  created_at: AT,
  expires_at: null,
  last_used_at: null,
  revoked_at: null,
  ...known,
});

export const aSource = (name: string, known: Partial<Source> = {}): Source => ({
  id: `source-${name}`,
  name,
  vendor: "generic",
  url: `https://leads.example/v1/intake/source-${name}`,
  form_url: `https://leads.example/f/source-${name}`,
  signed: false,
  signature: null,
  mapping: {},
  open_answers: [],
  quiet: false,
  allowed_origins: [],
  credentials: [],
  form: null,
  double_opt_in: false,
  old_secret_until: null,
  created_at: AT,
  version: 1,
  ...known,
});

export const anEntry = (id: string, known: Partial<AuditItem> = {}): AuditItem => ({
  id,
  at: AT,
  actor: "user-1",
  action: "create_source",
  object: `sources/${id}`,
  outcome: "done",
  status: 201,
  detail: "",
  request_id: `request-${id}`,
  address: "192.0.2.7",
  ...known,
});

const ROLES: RoleItem[] = [
  { role: "admin", permissions: ["leads:read", "leads:write", "users:write"] },
  { role: "integration", permissions: ["leads:write", "submissions:read"] },
];

export const newConsole = (): Console => ({
  sessions: [aSession("here", { current: true })],
  factor: { enabled: false, recovery_codes_left: 0 },
  users: [],
  keys: [],
  sources: [],
  audit: [],
});

const wrongPassword = () => problem(403, "The password is wrong", undefined, { slug: "wrong-password" });
const wrongCode = () =>
  problem(422, "The code is wrong", [{ field: "code", message: "is wrong, over, or was used" }], {
    slug: "wrong-code",
  });
const notFound = () => problem(404, "Not found");
const json = async <T>(request: Request) => (await request.json()) as T;

const account = (state: Console) => [
  http.get(at("/v1/auth/sessions"), () => HttpResponse.json({ items: state.sessions })),
  http.delete(at("/v1/auth/sessions"), () => {
    state.sessions = state.sessions.filter(({ current }) => current);
    return done();
  }),
  http.delete(at("/v1/auth/sessions/:id"), ({ params }) => {
    state.sessions = state.sessions.filter(({ id }) => id !== params.id);
    return done();
  }),
  http.post(at("/v1/auth/password"), async ({ request }) => {
    const asked = await json<{ old: string; new: string }>(request);
    if (asked.new.length < 10) return problem(422, "Invalid request", [{ field: "new", message: "is too short" }]);
    return asked.old === PASSWORD ? done() : wrongPassword();
  }),
  http.get(at("/v1/auth/totp"), () => HttpResponse.json(state.factor)),
  http.post(at("/v1/auth/totp"), async ({ request }) => {
    if ((await json<{ password: string }>(request)).password !== PASSWORD) return wrongPassword();
    return HttpResponse.json({ uri: "otpauth://totp/Leadflow:ada?secret=SECRET", secret: "SECRET" }, { status: 201 });
  }),
  http.post(at("/v1/auth/totp/confirm"), async ({ request }) => {
    if ((await json<{ code: string }>(request)).code !== CODE) return wrongCode();
    state.factor = { enabled: true, recovery_codes_left: CODES.length };
    return HttpResponse.json({ recovery_codes: CODES });
  }),
  http.post(at("/v1/auth/totp/remove"), async ({ request }) => {
    const asked = await json<{ password: string; code: string }>(request);
    if (asked.password !== PASSWORD) return wrongPassword();
    if (asked.code !== CODE) return wrongCode();
    state.factor = { enabled: false, recovery_codes_left: 0 };
    return done();
  }),
];

const users = (state: Console) => [
  http.get(at("/v1/users"), () => HttpResponse.json({ items: state.users, next: null })),
  http.post(at("/v1/users"), async ({ request }) => {
    const asked = await json<{ email: string; name: string; role: User["role"] }>(request);
    if (state.users.some(({ email }) => email === asked.email))
      return problem(409, "There is such a user already", [{ field: "email", message: "is taken" }]);
    const user = someUser(asked.name, { ...asked, invited: true });
    state.users.push(user);
    return HttpResponse.json(user, { status: 201 });
  }),
  http.patch(at("/v1/users/:id"), async ({ request, params }) => {
    const user = state.users.find(({ id }) => id === params.id);
    if (!user) return notFound();
    Object.assign(user, await request.json());
    return HttpResponse.json(user);
  }),
  http.post(at("/v1/users/:id/invite"), () => HttpResponse.json(state.users[0], { status: 202 })),
  http.delete(at("/v1/users/:id/totp"), () => done()),
];

const keys = (state: Console) => [
  http.get(at("/v1/auth/roles"), () => HttpResponse.json({ items: ROLES })),
  http.get(at("/v1/auth/keys"), () => HttpResponse.json({ items: state.keys })),
  http.post(at("/v1/auth/keys"), async ({ request }) => {
    const { name, role, scopes, expires_at } = await json<NewKey>(request);
    const key = aKey(name, { role, scopes: scopes ?? null, expires_at: expires_at ?? null });
    state.keys.unshift(key);
    return HttpResponse.json({ ...key, key: "lf_shown_once" }, { status: 201 });
  }),
  http.delete(at("/v1/auth/keys/:id"), ({ params }) => {
    const key = state.keys.find(({ id }) => id === params.id);
    if (key) key.revoked_at = AT;
    return key ? done() : notFound();
  }),
];

const sources = (state: Console) => [
  http.get(at("/v1/sources"), () => HttpResponse.json({ items: state.sources })),
  http.post(at("/v1/sources"), async ({ request }) => {
    const { name, vendor, signed, secret } = await json<NewSource>(request);
    const source = aSource(name, { vendor, signed: signed ?? Boolean(secret) });
    state.sources.unshift(source);
    return HttpResponse.json({ ...source, secret: secret ?? "made-up-secret" }, { status: 201 });
  }),
  http.post(at("/v1/sources/:id/rotate-secret"), ({ params }) => {
    const source = state.sources.find(({ id }) => id === params.id);
    return source ? HttpResponse.json({ ...source, secret: "next-secret" }) : notFound();
  }),
  http.post(at("/v1/sources/:id/preview"), () =>
    HttpResponse.json({
      submissions: [{ fields: { email: "ana@example.org", custom: { size: 5 } }, places: { email: ["data.mail"] } }],
    }),
  ),
  http.patch(at("/v1/sources/:id"), async ({ request, params }) => {
    const source = state.sources.find(({ id }) => id === params.id);
    if (!source) return notFound();
    Object.assign(source, await request.json(), { version: source.version + 1 });
    return HttpResponse.json(source);
  }),
  http.delete(at("/v1/sources/:id"), ({ params }) => {
    state.sources = state.sources.filter(({ id }) => id !== params.id);
    return done();
  }),
];

const audit = (state: Console) =>
  http.get(at("/v1/audit"), ({ request }) => {
    const query = new URL(request.url).searchParams;
    const found = state.audit.filter(
      (entry) =>
        (["actor", "action", "object"] as const).every((name) => (query.get(name) ?? entry[name]) === entry[name]) &&
        (query.get("outcome") ?? entry.outcome) === entry.outcome,
    );
    const from = Number(query.get("cursor") ?? 0);
    const next = from + AUDIT_PAGE < found.length ? String(from + AUDIT_PAGE) : null;
    return HttpResponse.json({ items: found.slice(from, from + AUDIT_PAGE), next });
  });

export const consoleHandlers = (state: Console) => [
  ...account(state),
  ...users(state),
  ...keys(state),
  ...sources(state),
  audit(state),
];
