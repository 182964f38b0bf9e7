import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { client, must } from "../../api/client";
import { keys } from "../../api/keys";
import type { AuditPage } from "../../api/types";
import { type AuditFilters, toAuditQuery } from "./filters";

const PAGE_SIZE = 50;

/** The newest first; the last answer stays while a new filter loads. */
export function useAudit(filters: AuditFilters) {
  return useInfiniteQuery({
    queryKey: keys.settings.audit(filters),
    queryFn: ({ pageParam, signal }): Promise<AuditPage> =>
      must(client.GET("/v1/audit", { params: { query: toAuditQuery(filters, PAGE_SIZE, pageParam) }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
}
