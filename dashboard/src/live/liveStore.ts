/** What the live dot shows, outside of React so that heartbeats render nothing but the dot. */
import { useSyncExternalStore } from "react";
import type { StreamState } from "./stream";

export interface Live {
  state: StreamState | "paused";
  /** When the last change (or the connection) came, ms since epoch. */
  updatedAt: number | null;
}

let live: Live = { state: "connecting", updatedAt: null };
const listeners = new Set<() => void>();

export function setLive(change: Partial<Live>): void {
  live = { ...live, ...change };
  listeners.forEach((listener) => listener());
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useLive = (): Live => useSyncExternalStore(subscribe, () => live);
