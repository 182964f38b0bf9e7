import { useInfiniteQuery } from "@tanstack/react-query";
import { client, must } from "../../api/client";
import { keys } from "../../api/keys";
import { USER, USER_FACTOR, USER_INVITE } from "../../api/paths";
import type { NewUser, UserChange, UserPage } from "../../api/types";
import { useAct } from "../../shell/useAct";

const PAGE_SIZE = 100;
const touches = keys.settings.users();
const to = (user_id: string) => ({ path: { user_id } });

export function useUsers() {
  return useInfiniteQuery({
    queryKey: keys.settings.users(),
    queryFn: ({ pageParam, signal }): Promise<UserPage> =>
      must(
        client.GET("/v1/users", {
          params: { query: { limit: PAGE_SIZE, ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
}

export const useCreateUser = () =>
  useAct({ send: (body: NewUser) => must(client.POST("/v1/users", { body })), touches, quiet: true });

export const useChangeUser = () =>
  useAct({
    send: ({ id, ...body }: UserChange & { id: string }) => must(client.PATCH(USER, { params: to(id), body })),
    touches,
  });

export const useInvite = () =>
  useAct({ send: (id: string) => must(client.POST(USER_INVITE, { params: to(id) })), touches });

export const useRemoveFactor = () =>
  useAct({ send: (id: string): Promise<unknown> => must(client.DELETE(USER_FACTOR, { params: to(id) })), touches });
