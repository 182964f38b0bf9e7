/** What people can be. */
export const HUMAN_ROLES = {
  admin: "Everything, users and keys included",
  manager: "All leads, sources and rules",
  rep: "Their own leads and those of nobody",
  analyst: "Reads everything, changes nothing",
} as const;

export type HumanRole = keyof typeof HUMAN_ROLES;
export const ROLE_NAMES = Object.keys(HUMAN_ROLES) as HumanRole[];
