/** Gathers what comes in a burst and hands it over together, at most once per interval, never two at a time. */

export interface Burst<T> {
  add: (item: T) => void;
  stop: () => void;
}

export const GATHERED_MAX = 1000;

/**
 * The first item goes out at once, the rest after the interval. When handing over takes long (many pages to fetch), the
 * next one waits at least as long again, so that refetching never takes more than half of the time.
 */
export function burst<T>(handOver: (items: T[]) => Promise<void>, intervalMs: number): Burst<T> {
  let gathered: T[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;
  let busy = false;

  async function go(): Promise<void> {
    timer = null;
    if (gathered.length === 0) return;
    const items = gathered;
    gathered = [];
    busy = true;
    const began = Date.now();
    try {
      await handOver(items);
    } finally {
      busy = false;
      timer = setTimeout(() => void go(), Math.max(intervalMs, Date.now() - began));
    }
  }

  return {
    add(item) {
      if (gathered.length < GATHERED_MAX) gathered.push(item);
      if (!busy && timer === null) void go();
    },
    stop() {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      busy = true;
    },
  };
}
