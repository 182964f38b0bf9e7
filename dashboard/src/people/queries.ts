import { useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { client, must } from "../api/client";
import { keys } from "../api/keys";
import type { Person } from "../api/types";
import { useMe } from "../auth";

/** Everyone who can own a lead. They change rarely. */
export function usePeople() {
  return useQuery({
    queryKey: keys.people(),
    queryFn: async ({ signal }): Promise<Person[]> => (await must(client.GET("/v1/people", { signal }))).items,
    staleTime: 5 * 60_000,
  });
}

/** A function from a person's id, or one's own user id, to a name. The same function as long as the names are the same. */
export function useNameOf(): (id: string) => string | null {
  const { data: people } = usePeople();
  const { data: me } = useMe();
  return useCallback(
    (id) => (id === me?.id ? me.name : (people?.find((person) => person.id === id)?.name ?? null)),
    [people, me],
  );
}
