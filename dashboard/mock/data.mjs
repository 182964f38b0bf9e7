/** A small made-up company's leads, the same at each start but for the clock. */

const FIRST =
  "Ana,Bruno,Carla,Daniel,Elif,Farid,Greta,Hugo,Ines,Jonas,Kenji,Lena,Mateo,Nadia,Olga,Pedro,Quinn,Rosa,Sven,Tara".split(
    ",",
  );
const LAST =
  "Silva,Okafor,Meyer,Rossi,Yilmaz,Novak,Lindqvist,Tanaka,Moreau,Kowalski,Fernandes,Brandt,Castillo,Haddad,Ivanova".split(
    ",",
  );
const FIRMS =
  "Northwind Logistics,Brightwater Health,Halcyon Robotics,Kestrel Analytics,Meridian Foods,Orchard & Pine,Tidal Energy,Lumen Textiles,Cobalt Freight".split(
    ",",
  );
const VENDORS = ["typeform", "webflow", "formbricks", "hubspot", "api"];
const STATUSES = ["new", "new", "new", "contacted", "contacted", "qualified", "won", "lost"];
const RULES = [
  ["demo-request", "Asked for a demo", 30],
  ["work-mail", "Writes from a company address", 15],
  ["company-size", "Company has 50 to 500 people", 20],
  ["phone", "Left a phone number", 8],
  ["pricing-page", "Saw the pricing page", 6],
  ["free-mail", "Free mail address", -10],
];

export const people = ["Marta Nunes", "Tom Becker", "Aisha Khan", "Luca Ferri"].map((name, index) => ({
  id: `00000000-0000-4000-8000-00000000000${index}`,
  name,
  email: `${name.split(" ")[0].toLowerCase()}@leadflow.test`,
  team: index < 2 ? "North" : "South",
}));

let state = 42;
const random = () => {
  state = (state * 1664525 + 1013904223) % 4294967296;
  return state / 4294967296;
};
const pick = (list) => list[Math.floor(random() * list.length)];
let offset = 1000;

export const gradeOf = (score) => (score >= 60 ? "A" : score >= 40 ? "B" : score >= 20 ? "C" : "D");

export function fact(type, at, title, detail = {}, actor = null, text = null) {
  offset += 1;
  const recorded_at = new Date(at.getTime() + 40 + random() * 200).toISOString();
  const position = { partition: offset % 6, offset };
  return { id: `event-${offset}`, type, at: at.toISOString(), recorded_at, position, title, actor, detail, text };
}

function receiptFor() {
  const lines = RULES.filter(() => random() < 0.55).map(([rule, label, points]) => {
    const times = rule === "pricing-page" ? 1 + Math.floor(random() * 3) : 1;
    return { rule, label, points: points * times, times };
  });
  return lines.length > 0 ? lines : [{ rule: "form", label: "Sent a form", points: 5, times: 1 }];
}

function historyOf(receipt, at) {
  let score = 0;
  return receipt.map((line, index) => {
    const before = score;
    score += line.points;
    return {
      at: new Date(at.getTime() + (index * index + 1) * 900_000).toISOString(),
      score,
      before,
      grade: gradeOf(score),
    };
  });
}

function hopsOf(at, position, lead) {
  const hop = (name, after, verdict, detail) => ({
    name,
    at: new Date(at.getTime() + after).toISOString(),
    position: `${position.partition}-${position.offset}`,
    verdict,
    detail,
  });
  return [
    hop("intake", 0, "accepted", `form from ${lead.source}`),
    hop("identity", 41, "new person", "no address or phone known before"),
    hop("leads", 78, "it wrote lead.captured.v1", null),
    hop("scoring", 102, "it wrote lead.scored.v1", null),
    hop(
      "routing",
      110,
      "it asked for lead.assigned.v1",
      lead.owner ? "round robin, team North" : "everyone is at capacity",
    ),
    hop("communication", 131, "saw it and did nothing", null),
    hop("lead_list", 160, "it wrote its tables", null),
    hop("lead_search", 244, "it wrote its tables", null),
  ];
}

/** Everything about one lead: what the list shows, and what its page asks for. */
export function makeLead(at, known = {}) {
  const first_name = pick(FIRST);
  const last_name = pick(LAST);
  const company = pick(FIRMS);
  const receipt = receiptFor();
  const score = receipt.reduce((sum, line) => sum + line.points, 0);
  offset += 1;
  const hex = offset.toString(16).padStart(12, "0");
  const lead = {
    id: `01940000-0000-7000-8000-${hex}`,
    name: `${first_name} ${last_name}`,
    first_name,
    last_name,
    email: `${first_name}.${last_name}@${company.split(" ")[0].toLowerCase()}.example`.toLowerCase(),
    phone: random() < 0.6 ? `+49 30 ${100000 + Math.floor(random() * 899999)}` : null,
    company,
    status: at.getTime() > Date.now() - 3_600_000 ? "new" : pick(STATUSES),
    score,
    grade: gradeOf(score),
    owner: random() < 0.75 ? pick(people).id : null,
    source: pick(VENDORS),
    source_id: "source-1",
    campaign: random() < 0.6 ? { utm_source: "google", utm_medium: "cpc", utm_campaign: "autumn-launch" } : {},
    answers: {
      "What are you looking for?": "A way to route leads to five teams",
      "Company size": "50-200",
      "Saw the pricing page": true,
    },
    consent: random() < 0.7 ? true : null,
    awaits_confirmation: random() < 0.1,
    consents: random() < 0.5 ? { newsletter: false } : {},
    tags: [],
    custom: {},
    merged_into: null,
    merged: [],
    created_at: at.toISOString(),
    updated_at: at.toISOString(),
    version: offset,
    ...known,
  };
  const history = historyOf(receipt, at);
  const captured = fact("lead.captured.v1", at, "Came in by Contact us", {
    source: "source-1",
    vendor: lead.source,
    campaign: lead.campaign,
  });
  const timeline = [
    ...history
      .map((point) =>
        fact(
          "lead.scored.v1",
          new Date(point.at),
          `Score ${point.before} → ${point.score} (grade ${point.grade})`,
          point,
          "scoring",
        ),
      )
      .reverse(),
    fact(
      "lead.assigned.v1",
      new Date(at.getTime() + 110),
      lead.owner ? `Assigned to ${people.find(({ id }) => id === lead.owner).name}` : "Nobody could take it",
      { before: null, owner: lead.owner, reason: "round robin" },
      "routing",
    ),
    captured,
  ].sort((a, b) => (a.at < b.at ? 1 : -1));
  const messages = lead.owner
    ? [
        {
          id: `message-${offset}`,
          template: "owner-alert",
          to: "owner",
          outcome: "sent",
          planned_at: lead.created_at,
          sent_at: lead.created_at,
          detail: null,
        },
      ]
    : [];
  const trace = {
    id: `submission-${offset}`,
    status: "processed",
    lead_id: lead.id,
    hops: hopsOf(at, captured.position, lead),
  };
  return {
    lead,
    timeline,
    messages,
    trace,
    score: { score, grade: lead.grade, rules_version: 3, receipt, history: history.reverse() },
  };
}

/** `count` leads, the older the further apart. */
export function makeLeads(count) {
  const now = Date.now();
  const made = Array.from({ length: count }, (_, index) =>
    makeLead(new Date(now - 40_000 - index ** 2.1 * 9_000 - random() * 20_000)),
  );
  // Somebody who wrote again, from home.
  if (made.length > 5) Object.assign(made[5].lead, { phone: made[1].lead.phone ?? "+49 30 550199", company: null });
  if (made.length > 5) Object.assign(made[1].lead, { phone: made[5].lead.phone });
  return made;
}
