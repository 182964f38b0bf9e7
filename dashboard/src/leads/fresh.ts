/** Which leads are new since the list was opened. Pure. */

interface Created {
  id: string;
  created_at: string;
}

/** What was there when the list was first shown; carried from one answer to the next. */
export interface Seen {
  ids: ReadonlySet<string>;
  newest: string;
}

const newest = (items: readonly Created[]): string =>
  items.reduce((latest, item) => (item.created_at > latest ? item.created_at : latest), "");

export const firstSeen = (items: readonly Created[]): Seen => ({
  ids: new Set(items.map((item) => item.id)),
  newest: newest(items),
});

/** Leads not seen before and newer than all that were: an older one only came in by scrolling or by a change. */
export function freshIds(seen: Seen, items: readonly Created[]): string[] {
  return items.filter((item) => !seen.ids.has(item.id) && item.created_at > seen.newest).map((item) => item.id);
}

export const sawAlso = (seen: Seen, items: readonly Created[]): Seen => {
  const latest = newest(items);
  return {
    ids: new Set([...seen.ids, ...items.map((item) => item.id)]),
    newest: latest > seen.newest ? latest : seen.newest,
  };
};
