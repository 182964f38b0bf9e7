/** The addresses below one thing, with the parameter's name as the gateway declares it, in one place. */

// Read models.
export const LEAD = "/v1/leads/{id}";
export const LEAD_TIMELINE = "/v1/leads/{id}/timeline";
export const LEAD_SCORE = "/v1/leads/{id}/score";
export const LEAD_TRACE = "/v1/leads/{id}/trace";
export const LEAD_MESSAGES = "/v1/leads/{id}/messages";
export const LEAD_DUPLICATES = "/v1/leads/{id}/duplicates";
export const of = (id: string) => ({ path: { id } });

// Commands.
export const LEAD_EDIT = "/v1/leads/{lead}";
export const LEAD_NOTES = "/v1/leads/{lead}/notes";
export const LEAD_ASSIGN = "/v1/leads/{lead}/assign";
export const LEAD_ERASE = "/v1/leads/{lead}/erase";
export const LEAD_MERGE = "/v1/leads/{lead}/merge";
export const LEAD_UNMERGE = "/v1/leads/{lead}/unmerge";
export const COMMAND = "/v1/commands/{command_id}";
export const to = (lead: string) => ({ path: { lead } });

// Settings.
export const USER = "/v1/users/{user_id}";
export const USER_INVITE = "/v1/users/{user_id}/invite";
export const USER_FACTOR = "/v1/users/{user_id}/totp";
export const KEY = "/v1/auth/keys/{key_id}";
export const SOURCE = "/v1/sources/{source_id}";
export const SOURCE_SECRET = "/v1/sources/{source_id}/rotate-secret";
export const SOURCE_PREVIEW = "/v1/sources/{source_id}/preview";
export const REJECTIONS = "/v1/rejections";
export const REJECTION_CAUSES = "/v1/rejections/causes";
export const REJECTION = "/v1/rejections/{letter_id}";
export const REPAIRS = "/v1/rejections/repairs";
export const REPAIR_PREVIEW = "/v1/rejections/repairs/preview";
export const REPAIR_CANCEL = "/v1/rejections/repairs/{repair_id}/cancel";
export const SESSION = "/v1/auth/sessions/{session_id}";
