/** RFC 9457 problem details -> what a person can read and act on. */

export interface FieldError {
  field: string;
  message: string;
}

/** An answer that was not a success; `status` 0 means that the server was not reached. */
export class ProblemError extends Error {
  readonly status: number;
  readonly slug: string;
  readonly fields: readonly FieldError[];
  /** How long the gateway asks to wait; null where it says nothing about that. */
  readonly waitSeconds: number | null;

  constructor(
    status: number,
    title: string,
    slug = "",
    fields: readonly FieldError[] = [],
    waitSeconds: number | null = null,
  ) {
    super(title);
    this.name = "ProblemError";
    this.status = status;
    this.slug = slug;
    this.fields = fields;
    this.waitSeconds = waitSeconds;
  }
}

const PLAIN: Record<number, string> = {
  0: "Leadflow can't be reached. Check the connection and try again.",
  401: "Your session has ended. Sign in again.",
  403: "You are not allowed to do this.",
  404: "This was not found. It may have been erased.",
  409: "Someone else changed this in the meantime.",
  412: "Someone else changed this in the meantime. You now see the newest version; please try again.",
  429: "Too many requests. Wait a moment and try again.",
  503: "Leadflow can't take this right now. Try again in a moment.",
};

/** `first_name` -> `First name`; `/body/email` or `body.email` -> `Email`. */
export function fieldLabel(field: string): string {
  const last = field.split(/[./]/).filter(Boolean).at(-1) ?? field;
  const words = last.replaceAll("_", " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const text = (value: unknown): string => (typeof value === "string" ? value : "");

function fieldErrors(value: unknown): FieldError[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isRecord).map((error) => ({ field: text(error.field), message: text(error.message) }));
}

/** Seconds of a Retry-After header; null for a date, which Leadflow never sends, and for nonsense. */
function secondsOf(retryAfter: string | null | undefined): number | null {
  return retryAfter && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : null;
}

/** Builds the error from a response's parsed body, whatever that turned out to be. */
export function problemFrom(status: number, body: unknown, retryAfter?: string | null): ProblemError {
  const problem = isRecord(body) ? body : {};
  const slug = text(problem.type).split("/").at(-1) ?? "";
  const said = text(problem.detail) || text(problem.title);
  const title = status === 412 ? PLAIN[412] : said || PLAIN[status];
  return new ProblemError(
    status,
    title ?? `The server answered ${status}.`,
    slug,
    fieldErrors(problem.errors),
    secondsOf(retryAfter),
  );
}

/** What is wrong with one field of a form, wherever in the body the gateway says that it is. */
export function messageFor(error: unknown, field: string): string | undefined {
  if (!(error instanceof ProblemError)) return undefined;
  return error.fields.find((wrong) => wrong.field.split(/[./]/).includes(field))?.message;
}

/** Which problem this is, by the end of its type; "" for anything else. */
export const slugOf = (error: unknown): string => (error instanceof ProblemError ? error.slug : "");

/** One sentence per thing that is wrong, each naming its field. */
export function humanText(error: unknown): string {
  if (!(error instanceof ProblemError)) return "Something unexpected happened. Reload the page and try again.";
  if (error.fields.length === 0) return error.message;
  return error.fields.map(({ field, message }) => (field ? `${fieldLabel(field)}: ${message}` : message)).join(" · ");
}
