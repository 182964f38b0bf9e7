import { useQuery } from "@tanstack/react-query";
import { client, must } from "../api/client";
import type { Me } from "../api/types";

/** Who is signed in. */
export function useMe() {
  return useQuery({
    queryKey: ["me"],
    queryFn: ({ signal }): Promise<Me> => must(client.GET("/v1/auth/me", { signal })),
    staleTime: Infinity,
  });
}
