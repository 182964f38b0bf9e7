/** What two leads come to as one, as the gateway will put it together. Pure. */
import type { Lead } from "../../api/types";

export type Side = "stays" | "ends";

/** One line of the comparison: `kept` is whose value the one lead has; null where neither knows, or both are worked out anew. */
export interface Line {
  field: "name" | "email" | "phone" | "company" | "owner" | "status" | "score" | "created_at";
  label: string;
  kept: Side | "both" | null;
  /** What no value of the two says. */
  remark?: string;
}

const fullName = ({ name, first_name, last_name }: Lead): string | null =>
  name?.trim() || [first_name, last_name].filter(Boolean).join(" ") || null;

/** A lead's own value for a line; null where it is unknown. */
export function valueOf(lead: Lead, field: Line["field"]): string | number | null {
  return field === "name" ? fullName(lead) : (lead[field] ?? null);
}

/** The one that stays has the first word; the other one fills what is unknown. */
function filled(stays: Lead, ends: Lead, field: Line["field"]): Line["kept"] {
  const [mine, other] = [valueOf(stays, field), valueOf(ends, field)];
  if (mine === null) return other === null ? null : "ends";
  return mine === other ? "both" : "stays";
}

// "New" says nothing yet: how far the other one had come is worth more.
function status(stays: Lead, ends: Lead): Line["kept"] {
  if (stays.status === ends.status) return "both";
  return stays.status === "new" ? "ends" : "stays";
}

function created(stays: Lead, ends: Lead): Line["kept"] {
  const [mine, other] = [Date.parse(stays.created_at), Date.parse(ends.created_at)];
  if (mine === other) return "both";
  return other < mine ? "ends" : "stays";
}

export function compare(stays: Lead, ends: Lead): Line[] {
  const fill = (field: Line["field"], label: string): Line => ({ field, label, kept: filled(stays, ends, field) });
  return [
    fill("name", "Name"),
    fill("email", "Email"),
    fill("phone", "Phone"),
    fill("company", "Company"),
    fill("owner", "Owner"),
    { field: "status", label: "Status", kept: status(stays, ends) },
    { field: "score", label: "Score", kept: null, remark: "worked out anew from what both did" },
    { field: "created_at", label: "Created", kept: created(stays, ends) },
  ];
}

/** Ids begin with the time, so of two that came together only the ends tell them apart. */
export const shortId = (id: string): string => (id.length > 8 ? `…${id.slice(-8)}` : id);
