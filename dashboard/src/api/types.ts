/** Names for what the gateway answers, derived from the generated operations so that a renamed schema breaks nothing. */
import type { LEAD, LEAD_EDIT, LEAD_MESSAGES, LEAD_SCORE, LEAD_TIMELINE, LEAD_TRACE } from "./paths";
import type { paths } from "./schema";

type Json<T> = T extends { content: { "application/json": infer Body } } ? Body : never;
type Get<P extends keyof paths> = paths[P] extends { get: { responses: { 200: infer R } } } ? Json<R> : never;
type Body<P extends keyof paths, M extends "post" | "patch"> = paths[P] extends {
  [K in M]: { requestBody: { content: { "application/json": infer B } } };
}
  ? B
  : never;

export type LeadPage = Get<"/v1/leads">;
export type Lead = Get<typeof LEAD>;
export type TimelinePage = Get<typeof LEAD_TIMELINE>;
export type TimelineItem = TimelinePage["items"][number];
export type ScoreReceipt = Get<typeof LEAD_SCORE>;
export type ReceiptLine = ScoreReceipt["receipt"][number];
export type Trace = Get<typeof LEAD_TRACE>;
export type Hop = Trace["hops"][number];
export type LeadMessage = Get<typeof LEAD_MESSAGES>["items"][number];
export type Person = Get<"/v1/people">["items"][number];
export type Overview = Get<"/v1/overview">;
export type Me = Get<"/v1/auth/me">;
export type LeadEdit = Body<typeof LEAD_EDIT, "patch">;
export type LeadQuery = NonNullable<paths["/v1/leads"]["get"]["parameters"]["query"]>;

export const STATUSES = ["new", "contacted", "qualified", "won", "lost"] as const;
export type Status = (typeof STATUSES)[number];
export const GRADES = ["A", "B", "C", "D"] as const;
