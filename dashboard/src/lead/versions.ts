/** The newest version of each lead that a command of ours was answered with. */

const LEADS_MAX = 200;
const versions = new Map<string, number>();

export function sawVersion(lead: string, version: number): void {
  const newest = Math.max(version, versionSeen(lead));
  versions.delete(lead); // to the end of the order in which they are dropped
  versions.set(lead, newest);
  const oldest = versions.keys().next();
  if (versions.size > LEADS_MAX && !oldest.done) versions.delete(oldest.value);
}

export const versionSeen = (lead: string): number => versions.get(lead) ?? -1;
