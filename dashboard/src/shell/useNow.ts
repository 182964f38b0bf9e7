import { useSyncExternalStore } from "react";

const TICK_MS = 5000;

let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    listeners.forEach((tell) => tell());
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

function read(): number {
  if (Date.now() - now > TICK_MS) now = Date.now();
  return now;
}

/** The time, one clock for the whole page, every 5 s. */
export const useNow = (): number => useSyncExternalStore(subscribe, read);
