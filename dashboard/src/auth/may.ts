/** What a role may do, so that nobody is offered what the gateway would refuse. The gateway has the last word. Pure. */
import type { Me } from "../api/types";

export const canEdit = (me: Me | undefined): boolean => me !== undefined && me.role !== "analyst";

export const canErase = (me: Me | undefined): boolean => me?.role === "admin";

/** Users, API keys, the audit log. */
export const canManageUsers = (me: Me | undefined): boolean => me?.role === "admin";

export const canSeeSources = (me: Me | undefined): boolean => me !== undefined && me.role !== "rep";

/** What could not be handled: whoever may look at sources. */
export const canSeeRejections = canSeeSources;

export const canChangeSources = (me: Me | undefined): boolean => me?.role === "admin" || me?.role === "manager";

/** Whom this user may give the lead to; null is nobody. A rep takes what is free and gives up what is theirs. */
export function ownersFor(me: Me | undefined, owner: string | null, people: readonly string[]): (string | null)[] {
  if (me?.role === "admin" || me?.role === "manager") return [null, ...people];
  if (me?.role !== "rep" || !me.person || (owner !== null && owner !== me.person)) return [];
  return [null, me.person];
}
