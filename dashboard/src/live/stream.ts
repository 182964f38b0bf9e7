/** A server-sent event stream over fetch (EventSource can't send a bearer header), which reconnects by itself. */
import { type ServerEvent, sseParser } from "./sse";

export type StreamState = "connecting" | "live" | "offline";

export interface StreamOptions {
  open: (lastEventId: string | null, signal: AbortSignal) => Promise<Response>;
  onEvent: (event: ServerEvent) => void;
  onState: (state: StreamState) => void;
  /** Anything arrived, heartbeats too. */
  onAlive?: () => void;
  signal: AbortSignal;
}

export const SILENCE_MS_MAX = 40_000; // heartbeats come every 15 s: two may get lost
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 15_000;
const HEALTHY_MS_MIN = 5_000; // a stream that lived this long ended in the course of things, e.g. with its token

/** Doubles from 0.5 s to 15 s; the second half is chance, so that tabs don't come back all at once. */
export function retryDelay(attempt: number, chance: number): number {
  const full = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(attempt, 10));
  return full / 2 + (full / 2) * chance;
}

/** Waits, but not when the stream is ended or the network comes back. */
function pause(delay: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, delay);
    window.addEventListener("online", done);
    signal.addEventListener("abort", done);
  });
}

async function readAll(
  response: Response,
  connection: AbortController,
  options: StreamOptions,
  seen: (id: string) => void,
) {
  if (!response.body) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const parse = sseParser();
  let watchdog = setTimeout(() => connection.abort(), SILENCE_MS_MAX);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(watchdog);
      watchdog = setTimeout(() => connection.abort(), SILENCE_MS_MAX);
      options.onAlive?.();
      for (const event of parse(decoder.decode(value, { stream: true }))) {
        if (event.id !== null) seen(event.id);
        options.onEvent(event);
      }
    }
  } finally {
    clearTimeout(watchdog);
    reader.cancel().catch(() => undefined);
  }
}

/** Runs until `signal` is aborted. Each attempt sends the id of the last event seen. */
export async function runStream(options: StreamOptions): Promise<void> {
  const { signal, onState } = options;
  let lastEventId: string | null = null;
  let attempt = 0;
  while (!signal.aborted) {
    onState("connecting");
    let liveSince: number | null = null;
    const connection = new AbortController();
    const stop = () => connection.abort();
    signal.addEventListener("abort", stop);
    try {
      const response = await options.open(lastEventId, connection.signal);
      if (response.ok) {
        attempt = 0;
        liveSince = Date.now();
        onState("live");
        await readAll(response, connection, options, (id) => {
          lastEventId = id;
        });
      } else {
        await response.body?.cancel();
      }
    } catch {
      // Unreachable, cut off or silent: all the same, the next attempt tells.
    } finally {
      signal.removeEventListener("abort", stop);
    }
    if (signal.aborted) return;
    const ended = liveSince !== null && Date.now() - liveSince > HEALTHY_MS_MIN;
    if (!ended) onState("offline");
    await pause(retryDelay(attempt++, Math.random()), signal);
  }
}
