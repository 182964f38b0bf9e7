import { useEffect, useState } from "react";
import { ProblemError } from "../api/problem";

const LOOK_MS = 250;

/**
 * Whole seconds that are left of the wait an error asks for (0 once it is over, or if it asks for none), and the error as
 * long as it is true: that there were too many tries is history when one may try again.
 */
export function useWait(error: Error | null): { wait: number; shown: Error | null } {
  const asked = error instanceof ProblemError ? (error.waitSeconds ?? 0) : 0;
  const [passed, setPassed] = useState<{ of: unknown; seconds: number }>({ of: null, seconds: 0 });
  useEffect(() => {
    if (asked === 0) return;
    const began = Date.now();
    const timer = setInterval(() => {
      const seconds = Math.floor((Date.now() - began) / 1000);
      setPassed((before) => (before.of === error && before.seconds === seconds ? before : { of: error, seconds }));
      if (seconds >= asked) clearInterval(timer);
    }, LOOK_MS);
    return () => clearInterval(timer);
  }, [error, asked]);
  const wait = Math.max(0, asked - (passed.of === error ? passed.seconds : 0));
  const over = error instanceof ProblemError && error.status === 429 && asked > 0 && wait === 0;
  return { wait, shown: over ? null : error };
}

/** "12 s", "4 min": what to say of a wait. */
export const waitText = (seconds: number): string =>
  seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
