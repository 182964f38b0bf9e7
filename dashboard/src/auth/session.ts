/**
 * The session: an access token kept in memory only, renewed by the httpOnly refresh cookie.
 *
 * A refresh token may be used once, so a renewal runs alone: one promise in this tab, one lock across tabs.
 */
import { problemFrom } from "../api/problem";

const EARLY_MS = 10_000; // renew this long before the token ends, so that a request never starts with a dying one
const LOCK = "leadflow-refresh";

interface Token {
  value: string;
  endsAt: number;
}

let token: Token | null = null;
let renewal: Promise<boolean> | null = null;
let started: Promise<boolean> | null = null;
const listeners = new Set<() => void>();

export const isSignedIn = (): boolean => token !== null;

/** Calls back whenever someone signs in or out. Returns how to stop. */
export function onSessionChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function keep(next: Token | null): void {
  const changed = (token === null) !== (next === null);
  token = next;
  if (changed) listeners.forEach((listener) => listener());
}

async function post(path: string, body?: object): Promise<Response> {
  try {
    return await fetch(new URL(path, window.location.origin), {
      method: "POST",
      credentials: "same-origin",
      headers: body ? { "Content-Type": "application/json" } : {},
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  } catch {
    throw problemFrom(0, null);
  }
}

async function keepAnswer(response: Response): Promise<void> {
  const answer = (await response.json()) as { access_token: string; expires_in: number };
  started = Promise.resolve(true);
  keep({ value: answer.access_token, endsAt: Date.now() + answer.expires_in * 1000 });
}

async function need(response: Response): Promise<Response> {
  if (response.ok) return response;
  const body: unknown = await response.json().catch(() => null);
  throw problemFrom(response.status, body, response.headers.get("Retry-After"));
}

/** Who wants in; `code` once the gateway asked for it. */
export interface Credentials {
  email: string;
  password: string;
  code?: string;
}

/** Signs in; throws ProblemError with what to tell the person, `code-needed` where there is a second factor. */
export async function login(credentials: Credentials): Promise<void> {
  await keepAnswer(await need(await post("/v1/auth/login", credentials)));
}

/** Has a link sent to choose a new password with; the answer doesn't say whether there is such an account. */
export async function requestReset(email: string): Promise<void> {
  await need(await post("/v1/auth/reset", { email }));
}

async function renewOnce(): Promise<boolean> {
  const response = await post("/v1/auth/refresh");
  if (response.ok) {
    await keepAnswer(response);
    return true;
  }
  if (response.status < 500 && response.status !== 429) keep(null);
  return false;
}

/** Gets a new access token by the cookie. False when there is no session (any more), or the server can't say. */
export function renew(): Promise<boolean> {
  const alone = () => ("locks" in navigator ? navigator.locks.request(LOCK, renewOnce) : renewOnce());
  renewal ??= Promise.resolve(alone())
    .catch(() => false)
    .finally(() => {
      renewal = null;
    });
  return renewal;
}

/** Settles, once per page load, whether a session exists. */
export function ready(): Promise<boolean> {
  started ??= renew();
  return started.then(isSignedIn);
}

export async function logout(): Promise<void> {
  await post("/v1/auth/logout").catch(() => null); // offline: forget the token all the same
  started = Promise.resolve(false);
  keep(null);
}

async function currentToken(): Promise<string | null> {
  if (token && token.endsAt - Date.now() < EARLY_MS) await renew();
  return token?.value ?? null;
}

function send(request: Request, bearer: string | null): Promise<Response> {
  if (bearer) request.headers.set("Authorization", `Bearer ${bearer}`);
  return fetch(request);
}

/** `fetch` with the bearer token; a 401 is answered by one renewal and one repeat. */
export async function authorizedFetch(request: Request): Promise<Response> {
  const again = request.clone();
  const used = await currentToken();
  const response = await send(request, used);
  if (response.status !== 401) return response;
  // Somebody else may have renewed while this request was under way.
  const renewed = (token !== null && token.value !== used) || (await renew());
  if (!renewed) return response;
  return send(again, token?.value ?? null);
}

/** Forgets everything. For tests, which share one module. */
export function forgetSession(): void {
  token = null;
  renewal = null;
  started = null;
}
