/** Names for what the gateway answers, derived from the generated operations so that a renamed schema breaks nothing. */
import type {
  LEAD,
  LEAD_DUPLICATES,
  LEAD_EDIT,
  LEAD_MERGE,
  LEAD_MESSAGES,
  LEAD_SCORE,
  LEAD_TIMELINE,
  LEAD_TRACE,
  REJECTION,
  REJECTION_CAUSES,
  REJECTIONS,
  REPAIR_PREVIEW,
  REPAIRS,
  SOURCE_PREVIEW,
} from "./paths";
import type { paths } from "./schema";

type Json<T> = T extends { content: { "application/json": infer Body } } ? Body : never;
type Get<P extends keyof paths> = paths[P] extends { get: { responses: { 200: infer R } } } ? Json<R> : never;
type Body<P extends keyof paths, M extends "post" | "patch"> = paths[P] extends {
  [K in M]: { requestBody: { content: { "application/json": infer B } } };
}
  ? B
  : never;
type Made<P extends keyof paths> = paths[P] extends { post: { responses: infer R } }
  ? Json<R extends { 201: infer C } ? C : R extends { 200: infer O } ? O : never>
  : never;

export type LeadPage = Get<"/v1/leads">;
export type Lead = Get<typeof LEAD>;
export type TimelinePage = Get<typeof LEAD_TIMELINE>;
export type TimelineItem = TimelinePage["items"][number];
export type ScoreReceipt = Get<typeof LEAD_SCORE>;
export type ReceiptLine = ScoreReceipt["receipt"][number];
export type Trace = Get<typeof LEAD_TRACE>;
export type Hop = Trace["hops"][number];
export type Duplicate = Get<typeof LEAD_DUPLICATES>["items"][number];
export type LeadMessage = Get<typeof LEAD_MESSAGES>["items"][number];
export type Person = Get<"/v1/people">["items"][number];
export type Overview = Get<"/v1/overview">;
export type Me = Get<"/v1/auth/me">;
export type LeadEdit = Body<typeof LEAD_EDIT, "patch">;
export type Answered = Made<typeof LEAD_MERGE>;
export type LeadQuery = NonNullable<paths["/v1/leads"]["get"]["parameters"]["query"]>;

export type SecondFactor = Get<"/v1/auth/totp">;
export type Enrolment = Made<"/v1/auth/totp">;
export type Session = Get<"/v1/auth/sessions">["items"][number];
export type PasswordChange = Body<"/v1/auth/password", "post">;

export type UserPage = Get<"/v1/users">;
export type User = UserPage["items"][number];
export type NewUser = Body<"/v1/users", "post">;
export type UserChange = Body<"/v1/users/{user_id}", "patch">;
export type ApiKey = Get<"/v1/auth/keys">["items"][number];
export type NewKey = Body<"/v1/auth/keys", "post">;
export type KeyMade = Made<"/v1/auth/keys">;
export type RoleItem = Get<"/v1/auth/roles">["items"][number];
export type Source = Get<"/v1/sources">["items"][number];
export type NewSource = Body<"/v1/sources", "post">;
export type SourceMade = Made<"/v1/sources">;
export type Preview = Made<typeof SOURCE_PREVIEW>;
export type Cause = Get<typeof REJECTION_CAUSES>["items"][number];
export type RejectionPage = Get<typeof REJECTIONS>;
export type Rejection = RejectionPage["items"][number];
export type OpenedRejection = Get<typeof REJECTION>;
export type Repair = Get<typeof REPAIRS>["items"][number];
export type RepairAsked = Body<typeof REPAIRS, "post">;
export type RepairPreview = Made<typeof REPAIR_PREVIEW>;
export type AuditPage = Get<"/v1/audit">;
export type AuditItem = AuditPage["items"][number];
export type AuditQuery = NonNullable<paths["/v1/audit"]["get"]["parameters"]["query"]>;

export const STATUSES = ["new", "contacted", "qualified", "won", "lost"] as const;
export type Status = (typeof STATUSES)[number];
export const GRADES = ["A", "B", "C", "D"] as const;
