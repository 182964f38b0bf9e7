import { Box, Skeleton, Typography } from "@mui/material";
import { Mail } from "lucide-react";
import type { LeadMessage } from "../api/types";
import { sentence } from "../shell/names";
import { RelativeTime } from "../shell/RelativeTime";
import { EmptyState, ErrorState } from "../shell/States";
import { tint, TONE } from "../shell/theme";
import { useMessages } from "./queries";

const OUTCOMES: Record<string, { color: string; label: string }> = {
  sent: { color: TONE.good, label: "Sent" },
  failed: { color: TONE.bad, label: "Failed" },
  suppressed: { color: TONE.quiet, label: "Not sent" },
  unknown: { color: TONE.open, label: "Unclear" },
};

type Time = "replied_at" | "clicked_at" | "opened_at" | "bounced_at" | "delivered_at";
type Fate = LeadMessage & Partial<Record<Time, string | null>>;

/** What came of a message that was sent, the furthest first. */
const SINCE: readonly [Time, { color: string; label: string }][] = [
  ["replied_at", { color: TONE.good, label: "Answered" }],
  ["clicked_at", { color: TONE.good, label: "Clicked" }],
  ["opened_at", { color: TONE.good, label: "Opened" }],
  ["delivered_at", { color: TONE.good, label: "Delivered" }],
  ["bounced_at", { color: TONE.bad, label: "Bounced" }],
];

export function outcomeOf(message: Fate): { color: string; label: string; at: string | null } {
  const came = SINCE.find(([time]) => message[time]);
  if (came) return { ...came[1], at: message[came[0]] ?? null };
  const { outcome } = message;
  const known = OUTCOMES[outcome ?? ""] ?? { color: TONE.quiet, label: outcome ? sentence(outcome) : "Planned" };
  return { ...known, at: message.sent_at ?? message.planned_at };
}

function Outcome({ color, label }: { color: string; label: string }) {
  return (
    <Box
      component="span"
      sx={{
        px: 1,
        py: 0.25,
        borderRadius: 1.25,
        fontSize: "0.75rem",
        fontWeight: 550,
        color,
        backgroundColor: tint(color),
      }}
    >
      {label}
    </Box>
  );
}

function Message({ message }: { message: LeadMessage }) {
  const { color, label, at } = outcomeOf(message);
  return (
    <Box
      component="li"
      sx={{ display: "flex", alignItems: "center", gap: 2, py: 1.25, borderBottom: 1, borderColor: "divider" }}
    >
      <Box sx={{ flex: 1, minWidth: 0 }}>
        <Typography variant="body2" sx={{ fontWeight: 550 }}>
          {sentence(message.template ?? "message")}
        </Typography>
        <Typography variant="caption" sx={{ color: "text.secondary" }}>
          {[message.to && `To the ${message.to}`, message.detail].filter(Boolean).join(" · ")}
        </Typography>
      </Box>
      <Outcome color={color} label={label} />
      <Typography variant="caption" sx={{ color: "text.secondary" }}>
        {at && <RelativeTime at={at} />}
      </Typography>
    </Box>
  );
}

/** Every message about this lead, and what became of it. */
export function Messages({ id }: { id: string }) {
  const { data, error, isPending, refetch } = useMessages(id);
  if (isPending) return <Skeleton height={56} />;
  if (error && !data) return <ErrorState error={error} retry={() => void refetch()} compact />;
  if (data.length === 0) {
    return (
      <EmptyState icon={<Mail size={22} />} title="No messages">
        Nobody was written to because of this lead.
      </EmptyState>
    );
  }
  return (
    <Box component="ul" sx={{ listStyle: "none", m: 0, p: 0 }}>
      {data.map((message) => (
        <Message key={message.id} message={message} />
      ))}
    </Box>
  );
}
