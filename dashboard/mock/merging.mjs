/** Merging at the mock: the lead that ends leaves the list and its facts go along; taking it back undoes that. */
import { fact, people } from "./data.mjs";

const FILLED = ["name", "first_name", "last_name", "email", "phone", "company", "owner"];

/** Leads with the same number under another address. */
export function duplicatesOf(leads, { lead }) {
  return leads
    .map((entry) => entry.lead)
    .filter((other) => other.id !== lead.id && lead.phone && other.phone === lead.phone)
    .map(({ id, name, email, phone, company, owner }) => ({ id, name, email, phone, company, owner }));
}

const TRAVELLING = new Set(["lead.captured.v1", "lead.updated.v1", "lead.noted.v1"]);

const taken = (item, from) => ({
  ...fact("lead.absorbed.v1", new Date(), item.title, {}, item.actor, item.text),
  detail: { ...item.detail, merged_from: from, fact_type: item.type, happened_at: item.at },
});

const filled = (stays, ends) => Object.fromEntries(FILLED.map((name) => [name, stays[name] ?? ends[name]]));

/** `stays` takes `ends` in. What either was before stands in `was`, for taking it back. */
export function merge(leads, stays, ends) {
  ends.was = { lead: { ...stays.lead }, timeline: [...stays.timeline], place: leads.indexOf(ends) };
  leads.splice(ends.was.place, 1);
  ends.lead.merged_into = stays.lead.id;
  const tags = [...new Set([...stays.lead.tags, ...ends.lead.tags])];
  const merged = [...stays.lead.merged, ends.lead.id];
  Object.assign(stays.lead, filled(stays.lead, ends.lead), { tags, merged });
  stays.timeline.unshift(
    ...ends.timeline.filter(({ type }) => TRAVELLING.has(type)).map((item) => taken(item, ends.lead.id)),
  );
}

export function unmerge(leads, stays, ends) {
  leads.splice(ends.was.place, 0, ends);
  ends.lead.merged_into = null;
  const merged = stays.lead.merged.filter((id) => id !== ends.lead.id);
  Object.assign(stays.lead, ends.was.lead, { merged });
  stays.timeline = [
    fact("lead.released.v1", new Date(), "A merge was taken back", { lead: ends.lead.id }, people[0].id),
    ...ends.was.timeline,
  ];
  ends.timeline.unshift(fact("lead.unmerged.v1", new Date(), "A lead of its own again", {}, people[0].id));
}
