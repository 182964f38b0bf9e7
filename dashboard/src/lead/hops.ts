/** The way of a submission, hop by hop, in words. Pure. */
import type { Hop, Trace } from "../api/types";
import { sentence } from "../shell/names";
import { duration } from "../shell/time";

export type Tone = "done" | "idle" | "waiting" | "bad";

const NAMES: Record<string, string> = {
  intake: "Received",
  gateway: "Received",
  identity: "Matched to a person",
  leads: "Written to the log",
  scoring: "Scored",
  routing: "Routed to an owner",
  routing_pools: "Owner picked",
  communication: "Messages decided",
  lead_list: "Shown in the list",
  lead_search: "Found by search",
  history: "Kept in the history",
};

const BAD = /reject|fail|dead|error|spam/i;
const IDLE = /ignored|nothing|skipped|none|seen|quiet|duplicate/i;
const WAITING = /wait|pending|not yet/i;

export const STATUS_WORDS: Record<Trace["status"], string> = {
  received: "On its way",
  processed: "Arrived",
  duplicate: "Seen before",
  spam: "Kept out as spam",
  test: "A test",
  rejected: "Rejected",
};

export interface Step {
  name: string;
  part: string;
  verdict: string;
  detail: string;
  at: string | null;
  /** Time since the hop before, e.g. "84 ms"; empty for the first and for those still to come. */
  since: string;
  place: string;
  tone: Tone;
}

function tone({ at, verdict }: Hop): Tone {
  if (BAD.test(verdict)) return "bad";
  if (!at || WAITING.test(verdict)) return "waiting";
  return IDLE.test(verdict) ? "idle" : "done";
}

const firstUpper = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

const saysAgain = (name: string, verdict: string) => name.toLowerCase().includes(verdict.toLowerCase());

/** Hops -> steps to show, each with the time since the one before that has a time. */
export function steps(hops: readonly Hop[]): Step[] {
  let before: string | null = null;
  return hops.map((hop) => {
    const since = before && hop.at ? duration(before, hop.at) : "";
    before = hop.at ?? before;
    const name = NAMES[hop.name] ?? sentence(hop.name);
    return {
      name,
      part: hop.name,
      verdict: saysAgain(name, hop.verdict ?? "") ? "" : firstUpper(hop.verdict ?? ""),
      detail: hop.detail ?? "",
      at: hop.at ?? null,
      since,
      place: hop.position ?? "",
      tone: tone(hop),
    };
  });
}

/** From the first hop to the last, e.g. "212 ms". */
export function wholeWay(hops: readonly Hop[]): string {
  const times = hops.map((hop) => hop.at).filter((at) => typeof at === "string");
  const [first, last] = [times[0], times.at(-1)];
  return first && last && times.length > 1 ? duration(first, last) : "";
}
