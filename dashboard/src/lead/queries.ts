import { useInfiniteQuery, useMutationState, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { client, must } from "../api/client";
import { keys } from "../api/keys";
import { LEAD, LEAD_MESSAGES, LEAD_TIMELINE, LEAD_TRACE, of } from "../api/paths";
import type { Lead, LeadMessage, TimelinePage, Trace } from "../api/types";
import { leadName } from "../shell/names";
import { notify } from "../shell/notices";
import { versionSeen } from "./versions";

const TIMELINE_PAGE = 50;
const CATCH_UP_TRIES_MAX = 8;
const CATCH_UP_PAUSE_MS = 250;

const readLead = (id: string, signal: AbortSignal): Promise<Lead> => must(client.GET(LEAD, { params: of(id), signal }));

/**
 * One lead. The list of leads follows the log a moment later, so after a command of our own this waits (2 s at most)
 * until it shows that command: what somebody just changed never seems to jump back.
 */
function useStoredLead(id: string) {
  return useQuery({
    queryKey: keys.lead.one(id),
    queryFn: async ({ signal }): Promise<Lead> => {
      let lead = await readLead(id, signal);
      for (let tries = 1; lead.version < versionSeen(lead.id) && tries < CATCH_UP_TRIES_MAX; tries++) {
        await new Promise((resolve) => setTimeout(resolve, CATCH_UP_PAUSE_MS));
        lead = await readLead(id, signal);
      }
      return lead;
    },
  });
}

/** What a command asks for, as it would look on the lead. */
export interface Asked {
  shown: Partial<Lead>;
}

export const commandKey = (id: string) => ["command", id] as const;

/** The lead with all that was asked of it and is not answered yet laid over it, whatever is fetched meanwhile. */
export function useLead(id: string) {
  const stored = useStoredLead(id);
  const asked = useMutationState({
    filters: { mutationKey: commandKey(id), status: "pending" },
    select: (mutation) => (mutation.state.context as Asked | undefined)?.shown,
  });
  const lead = stored.data && asked.reduce<Lead>((shown, change) => ({ ...shown, ...change }), stored.data);
  return { ...stored, data: lead };
}

/** The address of a lead that was merged answers with the one that it goes on as: go there, and say why. */
export function useWhereItWent(address: string, lead: Lead | undefined): void {
  const queries = useQueryClient();
  const navigate = useNavigate();
  useEffect(() => {
    if (lead === undefined || lead.id === address) return;
    queries.setQueryData<Lead>(keys.lead.one(lead.id), lead);
    notify(`This lead was merged into ${leadName(lead)}, who is shown here.`, "info");
    void navigate({ to: "/leads/$id", params: { id: lead.id }, replace: true }).then(
      () => queries.removeQueries({ queryKey: keys.lead.one(address) }), // once the merge is taken back, it would lead astray
    );
  }, [address, lead, queries, navigate]);
}

export function useTimeline(id: string) {
  return useInfiniteQuery({
    queryKey: keys.lead.timeline(id),
    queryFn: ({ pageParam, signal }): Promise<TimelinePage> =>
      must(
        client.GET(LEAD_TIMELINE, {
          params: { ...of(id), query: { limit: TIMELINE_PAGE, ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next ?? null,
  });
}

export function useMessages(id: string) {
  return useQuery({
    queryKey: keys.lead.messages(id),
    queryFn: async ({ signal }): Promise<LeadMessage[]> =>
      (await must(client.GET(LEAD_MESSAGES, { params: of(id), signal }))).items,
  });
}

export function useTrace(id: string) {
  return useQuery({
    queryKey: keys.lead.trace(id),
    queryFn: ({ signal }): Promise<Trace> => must(client.GET(LEAD_TRACE, { params: of(id), signal })),
  });
}
