/** /v1/stream -> query cache. Mounted once while somebody is signed in. */
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { authorizedFetch } from "../auth/session";
import { burst } from "./burst";
import { setLive } from "./liveStore";
import { runStream } from "./stream";
import { type LeadChanged, leadChanged, touched } from "./touches";

const REFETCH_EVERY_MS = 1000;
const ECHO_AFTER_MS = 1500; // read models follow the log each at its own pace: look once more when a burst is over
const HIDDEN_MS_MAX = 60_000; // a browser has six connections per host, so a tab nobody looks at gives its one back

function openStream(lastEventId: string | null, signal: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { Accept: "text/event-stream" };
  if (lastEventId !== null) headers["Last-Event-ID"] = lastEventId;
  return authorizedFetch(
    new Request(new URL("/v1/stream", window.location.origin), { headers, signal, cache: "no-store" }),
  );
}

async function refetch(queries: QueryClient, changes: LeadChanged[]): Promise<void> {
  const some = touched(changes).map((queryKey) => queries.invalidateQueries({ queryKey }, { cancelRefetch: false }));
  await Promise.all(some);
}

/** Follows the stream until the returned function is called. */
export function followChanges(queries: QueryClient): () => void {
  const ended = new AbortController();
  let connectedBefore = false;
  let echo: ReturnType<typeof setTimeout> | undefined;
  let echoed: LeadChanged[] = [];
  const changes = burst<LeadChanged>(async (items) => {
    setLive({ updatedAt: Date.now() });
    await refetch(queries, items);
    echoed = [...echoed, ...items].slice(-100);
    clearTimeout(echo);
    echo = setTimeout(() => void refetch(queries, echoed.splice(0)), ECHO_AFTER_MS);
  }, REFETCH_EVERY_MS);

  void runStream({
    open: openStream,
    signal: ended.signal,
    onEvent: (event) => {
      if (event.event === "resync") void queries.invalidateQueries();
      const change = event.event === "lead.changed" ? leadChanged(event.data) : null;
      if (change) changes.add(change);
    },
    onState: (state) => {
      setLive({ state });
      if (state !== "live") return;
      setLive({ updatedAt: Date.now() });
      if (connectedBefore) void queries.invalidateQueries(); // what was missed while away
      connectedBefore = true;
    },
  });
  return () => {
    ended.abort();
    changes.stop();
    clearTimeout(echo);
  };
}

export function LiveUpdates() {
  const queries = useQueryClient();
  useEffect(() => {
    let stop: (() => void) | null = followChanges(queries);
    let hidden: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      clearTimeout(hidden);
      if (document.hidden) {
        hidden = setTimeout(() => {
          stop?.();
          stop = null;
          setLive({ state: "paused" });
        }, HIDDEN_MS_MAX);
      } else if (!stop) {
        void queries.invalidateQueries();
        stop = followChanges(queries);
      }
    };
    document.addEventListener("visibilitychange", look);
    return () => {
      document.removeEventListener("visibilitychange", look);
      clearTimeout(hidden);
      stop?.();
    };
  }, [queries]);
  return null;
}
