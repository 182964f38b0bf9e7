/** The addresses below one lead, with the parameter's name as the gateway declares it, in one place. */

// Read models.
export const LEAD = "/v1/leads/{id}";
export const LEAD_TIMELINE = "/v1/leads/{id}/timeline";
export const LEAD_SCORE = "/v1/leads/{id}/score";
export const LEAD_TRACE = "/v1/leads/{id}/trace";
export const LEAD_MESSAGES = "/v1/leads/{id}/messages";
export const of = (id: string) => ({ path: { id } });

// Commands.
export const LEAD_EDIT = "/v1/leads/{lead}";
export const LEAD_NOTES = "/v1/leads/{lead}/notes";
export const LEAD_ASSIGN = "/v1/leads/{lead}/assign";
export const LEAD_ERASE = "/v1/leads/{lead}/erase";
export const to = (lead: string) => ({ path: { lead } });
