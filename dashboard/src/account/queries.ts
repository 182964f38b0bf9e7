/** What an account is made of, and what its owner can do with it. */
import { useQuery } from "@tanstack/react-query";
import { client, must } from "../api/client";
import { keys } from "../api/keys";
import { SESSION } from "../api/paths";
import type { Enrolment, PasswordChange, SecondFactor, Session } from "../api/types";
import { useAct } from "../shell/useAct";

export function useSessions() {
  return useQuery({
    queryKey: keys.account.sessions(),
    queryFn: async ({ signal }): Promise<Session[]> => (await must(client.GET("/v1/auth/sessions", { signal }))).items,
  });
}

export function useSecondFactor() {
  return useQuery({
    queryKey: keys.account.factor(),
    queryFn: ({ signal }): Promise<SecondFactor> => must(client.GET("/v1/auth/totp", { signal })),
  });
}

export const useChangePassword = () =>
  useAct({
    send: (body: PasswordChange): Promise<unknown> => must(client.POST("/v1/auth/password", { body })),
    touches: keys.account.sessions(),
    quiet: true,
  });

export const useEnrol = () =>
  useAct({
    send: (password: string): Promise<Enrolment> => must(client.POST("/v1/auth/totp", { body: { password } })),
    quiet: true,
  });

/** The answer is the recovery codes, which are not to be had again. */
export const useConfirm = () =>
  useAct({
    send: async (code: string): Promise<string[]> =>
      (await must(client.POST("/v1/auth/totp/confirm", { body: { code } }))).recovery_codes,
    touches: keys.account.factor(),
    quiet: true,
  });

export const useRemoveFactor = () =>
  useAct({
    send: (body: { password: string; code: string }): Promise<unknown> =>
      must(client.POST("/v1/auth/totp/remove", { body })),
    touches: keys.account.factor(),
    quiet: true,
  });

export const useEndSession = () =>
  useAct({
    send: (session_id: string): Promise<unknown> => must(client.DELETE(SESSION, { params: { path: { session_id } } })),
    touches: keys.account.sessions(),
  });

export const useEndOthers = () =>
  useAct({
    send: (): Promise<unknown> => must(client.DELETE("/v1/auth/sessions")),
    touches: keys.account.sessions(),
  });
