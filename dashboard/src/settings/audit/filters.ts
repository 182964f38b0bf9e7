/** The audit log's filters, as they stand in the address. Pure. */
import type { AuditItem, AuditQuery } from "../../api/types";

export type Outcome = AuditItem["outcome"];

export interface AuditFilters {
  actor?: string;
  action?: string;
  object?: string;
  outcome?: Outcome;
}

export const OUTCOMES: readonly Outcome[] = ["done", "refused", "failed"];
export const FIELDS = ["actor", "action", "object"] as const;
const TEXT_LENGTH_MAX = 200;

// The router reads `?actor=42` as a number.
const text = (value: unknown): string | undefined =>
  typeof value === "string" || typeof value === "number"
    ? String(value).trim().slice(0, TEXT_LENGTH_MAX) || undefined
    : undefined;

/** Every key is there, since the router lays this over what came in the address. */
export function readAuditFilters(search: Record<string, unknown>): AuditFilters {
  return {
    actor: text(search.actor),
    action: text(search.action),
    object: text(search.object),
    outcome: OUTCOMES.find((known) => known === search.outcome),
  };
}

export const toAuditQuery = (filters: AuditFilters, limit: number, cursor: string | null): AuditQuery => ({
  ...filters,
  limit,
  cursor: cursor ?? undefined,
});

export const isFiltered = (filters: AuditFilters): boolean => Object.values(filters).some(Boolean);
