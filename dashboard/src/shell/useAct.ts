import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";
import { notifyError } from "./notices";

interface Act<V, R> {
  send: (input: V) => Promise<R>;
  /** What to ask for again, whatever came of it. */
  touches?: QueryKey;
  /** True where the place that asks says itself what went wrong. */
  quiet?: boolean;
}

/** One thing that somebody does, and what shows it. */
export function useAct<V, R>({ send, touches, quiet = false }: Act<V, R>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: send,
    onError: (error) => {
      if (!quiet) notifyError(error);
    },
    onSettled: () => (touches ? queries.invalidateQueries({ queryKey: touches }) : undefined),
  });
}
