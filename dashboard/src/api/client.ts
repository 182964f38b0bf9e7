/** The typed client over the generated operations. Every call goes out with the session's token. */
import createClient from "openapi-fetch";
import { authorizedFetch } from "../auth/session";
import { ProblemError, problemFrom } from "./problem";
import type { paths } from "./schema";

export const client = createClient<paths>({ baseUrl: window.location.origin, fetch: authorizedFetch });

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Unwraps an answer; throws ProblemError, also when the server can't be reached. */
export async function must<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    if (error instanceof ProblemError) throw error;
    throw problemFrom(0, null);
  }
  if (!answer.response.ok) {
    throw problemFrom(answer.response.status, answer.error, answer.response.headers.get("Retry-After"));
  }
  return answer.data as T;
}

/** A fresh Idempotency-Key: a repeat of the same request is done once. Also works without a secure context. */
export function idempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** `If-Match` for the version that the person saw. */
export const ifMatch = (version: number): string => `"${version}"`;
