/** The list's filters, as they stand in the address. Pure. */
import { type LeadQuery, type Status, STATUSES } from "../api/types";

export const SORTS = { "-created_at": "Newest first", "-score": "Highest score", name: "Name" } as const;
export type Sort = keyof typeof SORTS;

export interface LeadFilters {
  q?: string;
  status?: Status;
  owner?: string;
  grade?: string;
  source?: string;
  sort?: Sort;
}

export const NO_OWNER = "none";
const TEXT_LENGTH_MAX = 200;

// The router reads `?q=42` as a number.
const text = (value: unknown): string | undefined =>
  typeof value === "string" || typeof value === "number"
    ? String(value).slice(0, TEXT_LENGTH_MAX) || undefined
    : undefined;

/**
 * Whatever stands in the address -> filters; what makes no sense is undefined.
 *
 * Every key is there, since the router lays this over what came in the address.
 */
export function readFilters(search: Record<string, unknown>): LeadFilters {
  const status = STATUSES.find((known) => known === search.status);
  const sort = (Object.keys(SORTS) as Sort[]).find((known) => known === search.sort && known !== "-created_at");
  return {
    q: text(search.q),
    status,
    owner: text(search.owner),
    grade: text(search.grade),
    source: text(search.source),
    sort,
  };
}

/** Filters -> the query of GET /v1/leads; keys that are undefined are not sent. */
export function toQuery(filters: LeadFilters, limit: number, cursor: string | null): LeadQuery {
  const { q, status, owner, grade, source, sort } = filters;
  return { q: q?.trim() || undefined, status, owner, grade, source, sort, limit, cursor: cursor ?? undefined };
}

/** True when the list shows less than everything. */
export const isFiltered = ({ q, status, owner, grade, source }: LeadFilters): boolean =>
  [q, status, owner, grade, source].some(Boolean);
