/** Two leads that are one person: made one, and taken apart again. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { client, idempotencyKey, must } from "../../api/client";
import { COMMAND, LEAD_MERGE, LEAD_UNMERGE, to } from "../../api/paths";
import { ProblemError } from "../../api/problem";
import type { Answered, Lead } from "../../api/types";
import { sentence } from "../../shell/names";
import { notify } from "../../shell/notices";
import { refresh } from "../commands";
import { sawVersion } from "../versions";

/** What the gateway would have answered, had it waited. */
const REFUSED: Record<string, [status: number, slug: string]> = {
  moved: [409, "merged"],
  missing: [404, "not-found"],
  erased: [410, "erased"],
};

function refused({ status = "", ...found }: { status?: string; detail?: string | null }): ProblemError {
  const [code, slug] = REFUSED[status] ?? [422, "declined"];
  return new ProblemError(code, found.detail ?? sentence(status), slug);
}

const LOOKS_MAX = 10;
const LOOK_MS = 1000;

export interface Pair {
  /** The lead that goes on, or did. */
  stays: Lead;
  ends: string;
}

/**
 * True once it is so, false if it still isn't decided after 10 s. Much is moved, so this may take longer than the gateway
 * lets anybody wait. Raises ProblemError where it was refused after all.
 */
async function cameTrue(stays: string, answer: Answered): Promise<boolean> {
  if (!("command_id" in answer)) {
    sawVersion(stays, answer.version ?? -1);
    return true;
  }
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const found = await must(client.GET(COMMAND, { params: { path: { command_id: answer.command_id } } }));
    if (found.status === "done") return true;
    if (found.status !== "pending") throw refused(found);
  }
  return false;
}

const asked = ({ stays, ends }: Pair) => ({
  params: to(stays.id),
  body: { lead_id: ends },
  headers: { "Idempotency-Key": idempotencyKey() },
});

type Then = (pair: Pair) => void | Promise<void>;

/** `then` is called before anything is asked for again, also when whoever asked is gone from the page by that time. */
function useBoth(send: (pair: Pair) => Promise<Answered>, then: Then) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (pair: Pair) => cameTrue(pair.stays.id, await send(pair)),
    onSuccess: async (isSo, pair) => {
      if (isSo) await then(pair);
      else notify("Taken on. It will show in a moment.", "info");
    },
    onSettled: (_isSo, _error, { stays, ends }) => refresh(queries, stays.id, ends),
  });
}

export const useMerge = (then: Then) => useBoth((pair) => must(client.POST(LEAD_MERGE, asked(pair))), then);

export const useUnmerge = (then: Then) => useBoth((pair) => must(client.POST(LEAD_UNMERGE, asked(pair))), then);
