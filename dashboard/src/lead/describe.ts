/** A fact -> how people say it. The gateway's title comes first; this adds what changed, and a title where it has none. */
import type { TimelineItem } from "../api/types";
import { fieldLabel } from "../api/problem";
import { signed } from "../scoring";
import { plainText, sentence } from "../shell/names";

type Detail = TimelineItem["detail"];
export type NameOf = (id: string) => string | null;

const TITLES: Record<string, string> = {
  "lead.captured": "Form submitted",
  "lead.updated": "Details edited",
  "lead.status_changed": "Status changed",
  "lead.assigned": "Owner set",
  "lead.noted": "Note",
  "lead.scored": "Score changed",
  "lead.erased": "Person erased",
  "consent.confirmed": "Consent confirmed",
  "lead.merged_into": "Merged into another lead",
  "lead.unmerged": "A lead of its own again",
  "lead.absorbed": "Taken over from another lead",
  "lead.released": "A merge was taken back",
  "message.planned": "Message planned",
  "message.recorded": "Message handled",
  "activity.recorded": "Activity",
};

/** `lead.scored.v1` -> `lead.scored` */
export const kind = (type: string): string => type.replace(/\.v\d+$/, "");

/** A fact of a lead that was merged into this one tells what it was, and of which lead. */
export const isAbsorbed = (item: TimelineItem): boolean => kind(item.type) === "lead.absorbed";

/** What happened, to whichever lead. */
export const happened = ({ type, detail }: TimelineItem): string =>
  kind(kind(type) === "lead.absorbed" && typeof detail.fact_type === "string" ? detail.fact_type : type);

export const isNote = (item: TimelineItem): boolean => kind(item.type) === "lead.noted";

export const title = (item: TimelineItem): string =>
  item.title || TITLES[kind(item.type)] || sentence(kind(item.type).replaceAll(".", " "));

const has = (value: unknown): boolean => value !== undefined && value !== null && value !== "";
const line = (...parts: unknown[]): string =>
  parts
    .filter((part) => has(part) && part !== false)
    .map(plainText)
    .join(" · ");
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function captured({ vendor, campaign, quiet, awaits_confirmation }: Detail): string {
  const from = isRecord(campaign) ? line(campaign.utm_source, campaign.utm_campaign) : "";
  return line(
    has(vendor) ? sentence(String(vendor)) : "",
    from,
    quiet === true ? "quiet: nobody was disturbed" : "",
    has(awaits_confirmation) ? "confirmation awaited" : "",
  );
}

function updated({ changes }: Detail): string {
  if (!isRecord(changes)) return "";
  // The phone, written otherwise; and what the title says.
  const said = Object.entries(changes).filter(([field]) => field !== "phone_e164" && field !== "consents");
  return line(...said.map(([field, value]) => `${fieldLabel(field)}: ${plainText(value)}`));
}

function assigned({ before, reason }: Detail, nameOf: NameOf): string {
  const was = typeof before === "string" ? nameOf(before) : null;
  return line(reason, was && `before: ${was}`);
}

/** Where it was and where it came from; for a bounce, what the other server said. */
function activity({ kind: what, page, host, path, referrer, campaign, reason, from }: Detail): string {
  if (what === "bounced") return line(reason);
  if (what === "replied") return line(from);
  const place = has(page) && has(host) ? `${plainText(host)}${plainText(path ?? "")}` : "";
  const came = isRecord(campaign) ? line(campaign.utm_source, campaign.utm_campaign) : "";
  return line(place, has(referrer) && what === "page_view" ? `from ${hostOf(plainText(referrer))}` : "", came);
}

const hostOf = (address: string): string => address.replace(/^https?:\/\//, "").replace(/[/?#].*$/, "");

function scored({ score, before }: Detail): string {
  const points = Number(score) - Number(before ?? 0);
  return Number.isNaN(points) || points === 0 ? "" : `${signed(points)} ${Math.abs(points) === 1 ? "point" : "points"}`;
}

/** The line under the title: what the title doesn't say. May be empty. */
export function describe(item: TimelineItem, nameOf: NameOf): string {
  const { detail } = item;
  switch (happened(item)) {
    case "lead.captured":
      return captured(detail);
    case "lead.updated":
      return updated(detail);
    case "lead.assigned":
      return assigned(detail, nameOf);
    case "lead.scored":
      return scored(detail);
    case "consent.confirmed":
      return line(detail.wording);
    case "message.planned":
      return line(
        has(detail.to) ? `to the ${plainText(detail.to)}` : "",
        detail.reason !== detail.template && detail.reason,
      );
    case "message.recorded":
      return line(detail.detail);
    case "activity.recorded":
      return activity(detail);
    default:
      return "";
  }
}

// Who only passes on what others decided, is nobody to name.
const MESSENGERS = new Set(["leads", "identity", "gateway", "work", "api"]);

/** Who did it: a person's name or a decider's (`routing.pools` is "Routing"); nothing when all that is known is an id. */
export function actorName(actor: string | null | undefined, nameOf: NameOf): string {
  if (!actor) return "";
  const name = nameOf(actor);
  if (name || actor.includes("@")) return name ?? actor;
  const last = actor.split("/").filter(Boolean).at(-1) ?? "";
  return /^[a-z][a-z_.]*$/.test(last) && !MESSENGERS.has(last) ? sentence(last.replace(/\..*$/, "")) : "";
}
