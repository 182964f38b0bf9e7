import type { LeadMessage } from "../api/types";
import { outcomeOf } from "./Messages";

const MESSAGE: LeadMessage = {
  id: "m",
  template: "acknowledgement",
  to: "lead",
  outcome: "sent",
  planned_at: "2026-03-02T09:00:00Z",
  sent_at: "2026-03-02T09:01:00Z",
  detail: null,
};

test.each([
  [{}, "Sent", "2026-03-02T09:01:00Z"],
  [{ outcome: null, sent_at: null }, "Planned", "2026-03-02T09:00:00Z"],
  [{ delivered_at: "2026-03-02T09:02:00Z" }, "Delivered", "2026-03-02T09:02:00Z"],
  [{ delivered_at: "2026-03-02T09:02:00Z", opened_at: "2026-03-02T10:00:00Z" }, "Opened", "2026-03-02T10:00:00Z"],
  [{ opened_at: "2026-03-02T10:00:00Z", clicked_at: "2026-03-02T10:01:00Z" }, "Clicked", "2026-03-02T10:01:00Z"],
  [{ bounced_at: "2026-03-02T09:02:00Z" }, "Bounced", "2026-03-02T09:02:00Z"],
  // Tried again by the provider, and delivered then.
  [{ bounced_at: "2026-03-02T09:02:00Z", delivered_at: "2026-03-02T09:30:00Z" }, "Delivered", "2026-03-02T09:30:00Z"],
])("of a message %j is shown what came of it last: %s", (more, label, at) =>
  expect(outcomeOf({ ...MESSAGE, ...more })).toMatchObject({ label, at }),
);
