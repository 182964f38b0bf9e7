import { useEffect, useRef, useState } from "react";
import type { Lead } from "../api/types";
import { firstSeen, freshIds, sawAlso, type Seen } from "./fresh";

const FRESH_MS = 4000;
const NONE: ReadonlySet<string> = new Set();

/** Ids of leads that came in while the list `listKey` was open, each for 4 s. Null: the leads are not that list's yet. */
export function useFresh(leads: readonly Lead[], listKey: string | null): ReadonlySet<string> {
  const [fresh, setFresh] = useState<ReadonlySet<string>>(NONE);
  const seen = useRef<{ key: string; what: Seen } | null>(null);
  const timers = useRef(new Set<ReturnType<typeof setTimeout>>());

  useEffect(() => {
    if (listKey === null) return;
    const before = seen.current?.key === listKey ? seen.current.what : null;
    seen.current = { key: listKey, what: before ? sawAlso(before, leads) : firstSeen(leads) };
    const found = before ? freshIds(before, leads) : [];
    if (found.length === 0) return;
    setFresh((now) => new Set([...now, ...found]));
    const timer = setTimeout(() => {
      timers.current.delete(timer);
      setFresh((now) => new Set([...now].filter((id) => !found.includes(id))));
    }, FRESH_MS);
    timers.current.add(timer);
  }, [leads, listKey]);

  useEffect(() => {
    const running = timers.current;
    return () => running.forEach(clearTimeout);
  }, []);

  return fresh;
}
