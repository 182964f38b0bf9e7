import { exactTime, relativeTime, shortAgo } from "./time";
import { useNow } from "./useNow";

/** "4 minutes ago", the exact time on hover. */
export function RelativeTime({ at, short = false }: { at: string; short?: boolean }) {
  const now = useNow();
  return (
    <time dateTime={at} title={exactTime(at)} style={{ whiteSpace: "nowrap" }}>
      {short ? shortAgo(at, now) : relativeTime(at, now)}
    </time>
  );
}
