/** Why leads were not merged, or not taken apart, in words for whoever asked. Pure. */
import { humanText, messageFor, ProblemError } from "../../api/problem";

const ended = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

/** A sentence of identity's begins small and names leads by their whole ids. */
const readable = (detail: string): string =>
  ended(detail.replaceAll(/\b[0-9a-f]{8}-[0-9a-f-]{19}([0-9a-f]{8})\b/g, "…$1"));

/** `done` is what didn't happen: "Not merged", "Not taken back". */
export function refusal(error: unknown, done: string): string {
  if (!(error instanceof ProblemError)) return humanText(error);
  if (messageFor(error, "lead_id") !== undefined) {
    return `${done}: the other lead is no longer there, or it isn't yours to see.`;
  }
  if (error.slug === "declined") return `${done}: ${readable(error.message)}`;
  if (error.slug === "merged") return `${done}: one of the two was merged into another lead in the meantime.`;
  if (error.status === 404 || error.status === 410) {
    return `${done}: one of the two is no longer there. It may have been erased.`;
  }
  return humanText(error);
}
