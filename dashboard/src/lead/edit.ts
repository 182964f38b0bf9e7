/** The fields that can be edited by hand. Pure. */
import type { Lead, LeadEdit } from "../api/types";

export const EDITABLE = [
  { field: "first_name", label: "First name", type: "text" },
  { field: "last_name", label: "Last name", type: "text" },
  { field: "phone", label: "Phone", type: "tel" },
  { field: "company", label: "Company", type: "text" },
] as const;

export type EditableField = (typeof EDITABLE)[number]["field"];

/** Only what differs from what was seen; emptied means unknown (null). */
export function changedFields(lead: Lead, form: FormData): LeadEdit {
  const changes: LeadEdit = {};
  for (const { field } of EDITABLE) {
    const value = String(form.get(field) ?? "").trim() || null;
    if (value !== (lead[field] ?? null)) changes[field] = value;
  }
  return changes;
}
