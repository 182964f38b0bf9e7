/** Times as people say them. Pure: now is given. */

type When = string | number;

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 365 * 86_400],
  ["month", 30 * 86_400],
  ["week", 7 * 86_400],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

const words = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "long" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

const ms = (when: When) => (typeof when === "number" ? when : Date.parse(when));

/** "just now", "4 minutes ago", "yesterday". The future (clocks differ) counts as now up to a minute. */
export function relativeTime(when: When, now: number): string {
  const seconds = Math.round((ms(when) - now) / 1000);
  if (Number.isNaN(seconds)) return "";
  if (Math.abs(seconds) < 5 || (seconds > 0 && seconds < 60)) return "just now";
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return words.format(Math.trunc(seconds / size), unit);
  }
  return `${-seconds} s ago`;
}

/** "now", "12 s", "4 m", "3 h", "2 d", "5 mo": for tables. */
export function shortAgo(when: When, now: number): string {
  const seconds = Math.round((now - ms(when)) / 1000);
  if (Number.isNaN(seconds)) return "";
  if (seconds < 5) return "now";
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.trunc(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.trunc(seconds / 3_600)} h`;
  if (seconds < 60 * 86_400) return `${Math.trunc(seconds / 86_400)} d`;
  if (seconds < 365 * 86_400) return `${Math.trunc(seconds / (30 * 86_400))} mo`;
  return `${Math.trunc(seconds / (365 * 86_400))} y`;
}

export const exactTime = (when: When): string => (Number.isNaN(ms(when)) ? "" : exact.format(ms(when)));
export const clockTime = (when: When): string => (Number.isNaN(ms(when)) ? "" : clock.format(ms(when)));

const startOfDay = (time: number) => new Date(time).setHours(0, 0, 0, 0);

/** "Today", "Yesterday", "Tuesday", "3 March", "3 March 2025". */
export function dayTitle(when: When, now: number): string {
  const days = Math.round((startOfDay(now) - startOfDay(ms(when))) / 86_400_000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  const date = new Date(ms(when));
  if (days > 1 && days < 7) return date.toLocaleDateString("en", { weekday: "long" });
  const sameYear = date.getFullYear() === new Date(now).getFullYear();
  return date.toLocaleDateString("en-GB", { day: "numeric", month: "long", ...(sameYear ? {} : { year: "numeric" }) });
}

/** What lies between two steps: "80 ms", "1.4 s", "12 min", "3 h". */
export function duration(fromWhen: When, toWhen: When): string {
  const between = Math.max(0, ms(toWhen) - ms(fromWhen));
  if (Number.isNaN(between)) return "";
  if (between < 1000) return `${Math.round(between)} ms`;
  if (between < 60_000) return `${(between / 1000).toFixed(1)} s`;
  if (between < 3_600_000) return `${Math.round(between / 60_000)} min`;
  if (between < 172_800_000) return `${Math.round(between / 3_600_000)} h`;
  return `${Math.round(between / 86_400_000)} d`;
}
