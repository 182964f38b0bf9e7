import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { client, must } from "../api/client";
import { keys } from "../api/keys";
import type { Lead, LeadPage, Overview } from "../api/types";
import { type LeadFilters, toQuery } from "./filters";

export const PAGE_SIZE = 50;

/** Each lead once: one that moved between two pages while they were fetched would otherwise show twice. */
export function flatten(pages: readonly LeadPage[]): Lead[] {
  const found = new Map<string, Lead>();
  for (const lead of pages.flatMap((page) => page.items)) if (!found.has(lead.id)) found.set(lead.id, lead);
  return [...found.values()];
}

/** The list, page after page; the last answer stays while a new filter loads. */
export function useLeads(filters: LeadFilters) {
  return useInfiniteQuery({
    queryKey: keys.leads.list(filters),
    queryFn: ({ pageParam, signal }): Promise<LeadPage> =>
      must(client.GET("/v1/leads", { params: { query: toQuery(filters, PAGE_SIZE, pageParam) }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next ?? null,
    placeholderData: keepPreviousData,
  });
}

export function useOverview() {
  return useQuery({
    queryKey: keys.overview(),
    queryFn: ({ signal }): Promise<Overview> => must(client.GET("/v1/overview", { signal })),
  });
}
