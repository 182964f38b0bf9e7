import { useQuery } from "@tanstack/react-query";
import { client, ifMatch, must } from "../../api/client";
import { keys } from "../../api/keys";
import { SOURCE, SOURCE_PREVIEW, SOURCE_SECRET } from "../../api/paths";
import type { NewSource, Preview, Source, SourceMade } from "../../api/types";
import { useAct } from "../../shell/useAct";
import type { Mapping } from "./mapping";

const touches = keys.settings.sources();
const to = (source_id: string) => ({ path: { source_id } });

export function useSources() {
  return useQuery({
    queryKey: keys.settings.sources(),
    queryFn: async ({ signal }): Promise<Source[]> => (await must(client.GET("/v1/sources", { signal }))).items,
  });
}

export const useCreateSource = () =>
  useAct({
    send: (body: NewSource): Promise<SourceMade> => must(client.POST("/v1/sources", { body })),
    touches,
    quiet: true,
  });

export const useRotate = (id: string) =>
  useAct({
    send: (overlap_hours: number): Promise<SourceMade> =>
      must(client.POST(SOURCE_SECRET, { params: to(id), body: { overlap_hours } })),
    touches,
    quiet: true,
  });

export const useDeleteSource = () =>
  useAct({
    send: (id: string): Promise<unknown> => must(client.DELETE(SOURCE, { params: to(id) })),
    touches,
    quiet: true,
  });

/** A mapping is saved only onto the source as it was seen. */
export const useSaveMapping = (source: Source) =>
  useAct({
    send: (mapping: Mapping): Promise<Source> =>
      must(
        client.PATCH(SOURCE, {
          params: to(source.id),
          body: { mapping },
          headers: { "If-Match": ifMatch(source.version) },
        }),
      ),
    touches,
    quiet: true,
  });

/** Switched only on the source as it was seen. */
export const useSaveOptIn = (source: Source) =>
  useAct({
    send: (double_opt_in: boolean): Promise<Source> =>
      must(
        client.PATCH(SOURCE, {
          params: to(source.id),
          body: { double_opt_in },
          headers: { "If-Match": ifMatch(source.version) },
        }),
      ),
    touches,
    quiet: true,
  });

export interface Trial {
  body: string;
  content_type: string;
  mapping: Mapping;
}

/** Changes nothing: what would be read of a request. */
export const usePreview = (id: string) =>
  useAct({
    send: (body: Trial): Promise<Preview> => must(client.POST(SOURCE_PREVIEW, { params: to(id), body })),
    quiet: true,
  });
