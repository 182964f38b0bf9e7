/** What a person can ask of a lead. Each is sent with the version that they saw, and shown at once. */
import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { client, idempotencyKey, ifMatch, must } from "../api/client";
import { keys } from "../api/keys";
import { LEAD_ASSIGN, LEAD_EDIT, LEAD_ERASE, LEAD_NOTES, to } from "../api/paths";
import { ProblemError } from "../api/problem";
import type { Lead, LeadEdit } from "../api/types";
import { notify, notifyError } from "../shell/notices";
import { type Asked, commandKey } from "./queries";
import { sawVersion } from "./versions";

/** The version that an answer was decided at; undefined when it is not decided yet (202). */
const decidedVersion = (answer: object): number | undefined =>
  "version" in answer && typeof answer.version === "number" ? answer.version : undefined;

const LOOK_AGAIN_MS = [700, 2500]; // timeline, list and numbers follow the log, each at its own pace

/** Asks for these leads again, and for what counts or lists them. */
export function refresh(queries: QueryClient, ...ids: string[]): void {
  const all = [...ids.map((id) => keys.lead.all(id)), keys.leads.all(), keys.overview()];
  const look = () => all.forEach((queryKey) => void queries.invalidateQueries({ queryKey }, { cancelRefetch: false }));
  look();
  LOOK_AGAIN_MS.forEach((delay) => setTimeout(look, delay));
}

/**
 * `send` does it, `shown` is what the lead looks like from the moment somebody asked. Commands to one lead go out one after
 * another, each with the version that the one before it was answered with.
 */
function useCommand<V>(
  id: string,
  send: (input: V, lead: Lead | undefined) => Promise<object>,
  shown: (input: V) => Partial<Lead>,
) {
  const queries = useQueryClient();
  const key = keys.lead.one(id);
  return useMutation({
    mutationKey: commandKey(id),
    scope: { id: `command ${id}` },
    mutationFn: (input: V) => send(input, queries.getQueryData<Lead>(key)),
    onMutate: (input: V): Asked => ({ shown: shown(input) }),
    onSuccess: (answer, _input, asked) => {
      const version = decidedVersion(answer);
      if (version === undefined) {
        notify("Taken on. It will show in a moment.", "info"); // 202: not decided yet
        return;
      }
      sawVersion(id, version);
      queries.setQueryData<Lead>(
        key,
        (lead) => lead && { ...lead, ...asked.shown, version: Math.max(version, lead.version) },
      );
    },
    onError: (error) => {
      if (!(error instanceof ProblemError) || error.fields.length === 0) notifyError(error);
    },
    onSettled: () => refresh(queries, id),
  });
}

const defined = <T extends object>(values: T): Partial<Lead> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

const headers = (lead: Lead | undefined) => (lead ? { "If-Match": ifMatch(lead.version) } : {});

export const useEdit = (id: string) =>
  useCommand(
    id,
    (edit: LeadEdit, lead) => must(client.PATCH(LEAD_EDIT, { params: to(id), body: edit, headers: headers(lead) })),
    // A changed name shows when the gateway has put it together.
    ({ status, phone, company }) => defined({ status, phone, company }),
  );

export const useAssign = (id: string) =>
  useCommand(
    id,
    (owner: string | null, lead) =>
      must(
        client.POST(LEAD_ASSIGN, {
          params: to(id),
          body: { owner },
          headers: { ...headers(lead), "Idempotency-Key": idempotencyKey() },
        }),
      ),
    (owner) => ({ owner }),
  );

export const useErase = (id: string) =>
  useCommand(
    id,
    (reason: string) =>
      must(
        client.POST(LEAD_ERASE, {
          params: to(id),
          body: { reason },
          headers: { "Idempotency-Key": idempotencyKey() },
        }),
      ),
    () => ({}),
  );

export interface NewNote {
  text: string;
  /** Ids of the notes that were there already: the note is new until one more with this text shows up. */
  known: readonly string[];
  /** The same at each attempt, so that a note is never written twice. */
  key: string;
}

export const noteKey = (id: string) => ["note", id] as const;

export function useNote(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationKey: noteKey(id),
    mutationFn: ({ text, key }: NewNote): Promise<object> =>
      must(
        client.POST(LEAD_NOTES, {
          params: to(id),
          body: { text },
          headers: { "Idempotency-Key": key },
        }),
      ),
    onSuccess: (answer) => sawVersion(id, decidedVersion(answer) ?? -1),
    onError: notifyError,
    onSettled: () => refresh(queries, id),
  });
}
