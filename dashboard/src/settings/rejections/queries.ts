import { useQuery } from "@tanstack/react-query";
import { client, must } from "../../api/client";
import { keys } from "../../api/keys";
import { REJECTION, REJECTION_CAUSES, REJECTIONS, REPAIR_CANCEL, REPAIR_PREVIEW, REPAIRS } from "../../api/paths";
import type { Cause, OpenedRejection, RejectionPage, Repair, RepairAsked, RepairPreview } from "../../api/types";
import { useAct } from "../../shell/useAct";

const SHOWN = 20;
const TRIED = 3;
const LOOK_MS = 1000;
const touches = keys.settings.rejections();

/** What a group of rejections died of. */
export type Group = Pick<Cause, "consumer" | "kind" | "reason">;
export const groupOf = ({ consumer, kind, reason }: Cause): Group => ({ consumer, kind, reason });

export const useCauses = (watched: boolean) =>
  useQuery({
    queryKey: keys.settings.causes(),
    queryFn: async ({ signal }): Promise<Cause[]> => (await must(client.GET(REJECTION_CAUSES, { signal }))).items,
    refetchInterval: watched ? LOOK_MS : false,
  });

/** The newest few of a group. */
export const useGroup = (group: Group) =>
  useQuery({
    queryKey: keys.settings.group(group),
    queryFn: ({ signal }): Promise<RejectionPage> =>
      must(client.GET(REJECTIONS, { params: { query: { ...group, limit: SHOWN } }, signal })),
  });

export const useRejection = (id: string) =>
  useQuery({
    queryKey: keys.settings.rejection(id),
    queryFn: ({ signal }): Promise<OpenedRejection> =>
      must(client.GET(REJECTION, { params: { path: { letter_id: id } }, signal })),
  });

/** Looked at again and again while one is running. */
export const useRepairs = () =>
  useQuery({
    queryKey: keys.settings.repairs(),
    queryFn: async ({ signal }): Promise<Repair[]> => (await must(client.GET(REPAIRS, { signal }))).items,
    refetchInterval: ({ state }) => (state.data?.some((repair) => repair.state === "running") ? LOOK_MS : false),
  });

/** Changes nothing: what would come out of a few. */
export const useTry = () =>
  useAct({
    send: (body: RepairAsked): Promise<RepairPreview> =>
      must(client.POST(REPAIR_PREVIEW, { body: { ...body, limit: TRIED } })),
    quiet: true,
  });

export const useStartRepair = () =>
  useAct({
    send: (body: RepairAsked): Promise<Repair> => must(client.POST(REPAIRS, { body })),
    touches,
    quiet: true,
  });

export const useCancelRepair = () =>
  useAct({
    send: (repair_id: string): Promise<Repair> => must(client.POST(REPAIR_CANCEL, { params: { path: { repair_id } } })),
    touches,
  });
