/** The one map from what happened to a lead to the queries that show it. Pure. */
import type { QueryKey } from "@tanstack/react-query";
import { keys } from "../api/keys";

export interface LeadChanged {
  lead: string;
  version: number | null;
  partition: number;
  offset: number;
  types: string[];
}

const LISTS = [keys.leads.all(), keys.overview()];
const whole = (lead: string): QueryKey[] => [...LISTS, keys.lead.all(lead)];

const TOUCHES: Record<string, (lead: string) => QueryKey[]> = {
  "lead.captured": whole,
  "lead.updated": (lead) => [...LISTS, keys.lead.one(lead), keys.lead.timeline(lead), keys.lead.duplicates(lead)],
  "lead.status_changed": (lead) => [...LISTS, keys.lead.one(lead), keys.lead.timeline(lead)],
  "lead.assigned": (lead) => [...LISTS, keys.lead.one(lead), keys.lead.timeline(lead), keys.lead.trace(lead)],
  "lead.scored": (lead) => [
    ...LISTS,
    keys.lead.one(lead),
    keys.lead.timeline(lead),
    keys.lead.score(lead),
    keys.lead.trace(lead),
  ],
  "lead.noted": (lead) => [keys.lead.one(lead), keys.lead.timeline(lead)],
  "message.planned": (lead) => [keys.lead.messages(lead), keys.lead.timeline(lead), keys.lead.trace(lead)],
  "message.recorded": (lead) => [keys.lead.messages(lead), keys.lead.timeline(lead), keys.lead.trace(lead)],
  "lead.erased": whole,
};

/** `lead.scored.v1` -> `lead.scored` */
const plain = (type: string) => type.replace(/\.v\d+$/, "");

/** What to fetch again after these changes, each key once. A type that is not in the map touches all of its lead. */
export function touched(changes: readonly LeadChanged[]): QueryKey[] {
  const found = new Map<string, QueryKey>();
  for (const { lead, types } of changes) {
    const ways = types.length > 0 ? types.map((type) => TOUCHES[plain(type)] ?? whole) : [whole];
    for (const key of ways.flatMap((way) => way(lead))) found.set(JSON.stringify(key), key);
  }
  return [...found.values()];
}

/** Reads an event's data; null for anything that is not a change of a lead. */
export function leadChanged(data: string): LeadChanged | null {
  try {
    const value = JSON.parse(data) as Partial<LeadChanged> | null;
    if (typeof value?.lead !== "string") return null;
    return {
      lead: value.lead,
      version: value.version ?? null,
      partition: value.partition ?? 0,
      offset: value.offset ?? 0,
      types: Array.isArray(value.types) ? value.types : [],
    };
  } catch {
    return null;
  }
}
