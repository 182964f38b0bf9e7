import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { client, must } from "../../api/client";
import { keys } from "../../api/keys";
import { LEAD, LEAD_DUPLICATES, of } from "../../api/paths";
import type { Duplicate, Lead } from "../../api/types";

/** As many as one looks through; who is not among them is found by typing more. */
const FOUND_MAX = 8;

/** Leads that may be the same person as this one. */
export function useDuplicates(id: string) {
  return useQuery({
    queryKey: keys.lead.duplicates(id),
    queryFn: async ({ signal }): Promise<Duplicate[]> =>
      (await must(client.GET(LEAD_DUPLICATES, { params: of(id), signal }))).items,
  });
}

/** Leads whose name, address or company begins like this, but for the one that asks. Nothing is asked for nothing. */
export function useFound(text: string, but: string) {
  const query = { q: text, limit: FOUND_MAX + 1 };
  return useQuery({
    queryKey: keys.leads.list(query),
    queryFn: async ({ signal }): Promise<Lead[]> =>
      (await must(client.GET("/v1/leads", { params: { query }, signal }))).items,
    select: (items) => items.filter(({ id }) => id !== but).slice(0, FOUND_MAX),
    placeholderData: keepPreviousData,
    enabled: text !== "",
  });
}

/**
 * A lead that was merged into another, as it is by itself: `moment` is any after the merge. Its address answers with the
 * other; only the past has it alone.
 */
export function useAlone(id: string, moment: string) {
  return useQuery({
    queryKey: keys.lead.alone(id),
    queryFn: ({ signal }): Promise<Lead> =>
      must(client.GET(LEAD, { params: { ...of(id), query: { as_of: moment } }, signal })),
    staleTime: Infinity,
  });
}
