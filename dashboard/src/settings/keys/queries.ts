import { useQuery } from "@tanstack/react-query";
import { client, must } from "../../api/client";
import { keys } from "../../api/keys";
import { KEY } from "../../api/paths";
import type { ApiKey, KeyMade, NewKey, RoleItem } from "../../api/types";
import { useAct } from "../../shell/useAct";

const touches = keys.settings.keys();

export function useKeys() {
  return useQuery({
    queryKey: keys.settings.keys(),
    queryFn: async ({ signal }): Promise<ApiKey[]> => (await must(client.GET("/v1/auth/keys", { signal }))).items,
  });
}

/** What each role may: a key's scopes are some of it. Changes with the gateway's version only. */
export function useRoles() {
  return useQuery({
    queryKey: keys.settings.roles(),
    queryFn: async ({ signal }): Promise<RoleItem[]> => (await must(client.GET("/v1/auth/roles", { signal }))).items,
    staleTime: Infinity,
  });
}

export const useCreateKey = () =>
  useAct({
    send: (body: NewKey): Promise<KeyMade> => must(client.POST("/v1/auth/keys", { body })),
    touches,
    quiet: true,
  });

export const useRevokeKey = () =>
  useAct({
    send: (key_id: string): Promise<unknown> => must(client.DELETE(KEY, { params: { path: { key_id } } })),
    touches,
    quiet: true,
  });
