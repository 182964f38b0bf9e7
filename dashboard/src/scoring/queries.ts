import { useQuery } from "@tanstack/react-query";
import { client, must } from "../api/client";
import { keys } from "../api/keys";
import { LEAD_SCORE, of } from "../api/paths";
import type { ScoreReceipt } from "../api/types";

export function useScore(lead: string) {
  return useQuery({
    queryKey: keys.lead.score(lead),
    queryFn: ({ signal }): Promise<ScoreReceipt> => must(client.GET(LEAD_SCORE, { params: of(lead), signal })),
  });
}
