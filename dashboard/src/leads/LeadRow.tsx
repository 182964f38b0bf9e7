import { Box } from "@mui/material";
import { MailQuestionMark } from "lucide-react";
import { memo } from "react";
import type { Lead } from "../api/types";
import { Owner } from "../people";
import { ScoreChip } from "../scoring";
import { Anchor } from "../shell/Anchor";
import { Avatar } from "../shell/Avatar";
import { leadName, sentence } from "../shell/names";
import { RelativeTime } from "../shell/RelativeTime";
import { tint } from "../shell/theme";
import { cell, COLUMNS, muted, ROW_HEIGHT } from "./columns";
import { StatusTag } from "./StatusTag";

const FRESH = "var(--mui-palette-primary-main)";

const rowStyle = {
  ...COLUMNS,
  position: "relative",
  minHeight: ROW_HEIGHT,
  py: { xs: 1.25, md: 0 },
  fontSize: "0.8125rem",
  borderBottom: 1,
  borderColor: "divider",
  // Rows outside of the window cost nothing, and yet the browser's own search and the scroll bar know them.
  contentVisibility: "auto",
  containIntrinsicSize: { xs: "auto 66px", md: `auto ${ROW_HEIGHT}px` },
  "&:hover": { bgcolor: "action.hover" },
  "&:focus-within": { bgcolor: "action.hover" },
  "&[data-fresh=true]": { animation: "lead-fresh 4s ease-out" },
  "@keyframes lead-fresh": { from: { backgroundColor: tint(FRESH, 14) }, to: { backgroundColor: "transparent" } },
} as const;

// The whole row is the link: one stop for the Tab key, and it opens in a new tab like any other.
const linkStyle = {
  fontWeight: 550,
  ...cell,
  "&::after": { content: '""', position: "absolute", inset: 0 },
  "&:focus-visible": { outline: "none" },
  "&:focus-visible::after": {
    outline: "2px solid var(--mui-palette-primary-main)",
    outlineOffset: -2,
    borderRadius: 1,
  },
} as const;

interface RowProps {
  lead: Lead;
  fresh: boolean;
}

/** One lead in the list. On a phone: name and score, below it company, status and age. */
export const LeadRow = memo(function LeadRow({ lead, fresh }: RowProps) {
  const name = leadName(lead);
  return (
    <Box role="row" data-testid="lead-row" data-lead={lead.id} data-fresh={fresh} sx={rowStyle}>
      <Box role="cell" sx={{ gridArea: "name", display: "flex", alignItems: "center", gap: 1.25, minWidth: 0 }}>
        <Avatar name={name} size={24} />
        <Anchor to="/leads/$id" params={{ id: lead.id }} data-row-link="" sx={linkStyle}>
          {name}
        </Anchor>
        {lead.awaits_confirmation && <MailQuestionMark size={14} role="img" aria-label="Confirmation awaited" />}
      </Box>
      <Box role="cell" sx={{ gridArea: "email", ...cell, ...muted, display: { xs: "none", lg: "block" } }}>
        {lead.email ?? "—"}
      </Box>
      <Box role="cell" sx={{ gridArea: "company", ...cell, ...muted, pl: { xs: 4.5, md: 0 } }}>
        {lead.company ?? "—"}
      </Box>
      <Box role="cell" sx={{ gridArea: "status" }}>
        <StatusTag status={lead.status} />
      </Box>
      <Box role="cell" sx={{ gridArea: "score", justifySelf: { xs: "end", md: "start" } }}>
        <ScoreChip score={lead.score} grade={lead.grade} />
      </Box>
      <Box role="cell" sx={{ gridArea: "owner", minWidth: 0, display: { xs: "none", md: "block" } }}>
        <Owner id={lead.owner} />
      </Box>
      <Box role="cell" sx={{ gridArea: "source", ...cell, ...muted, display: { xs: "none", xl: "block" } }}>
        {lead.source ? sentence(lead.source) : "—"}
      </Box>
      <Box role="cell" sx={{ gridArea: "age", ...muted, justifySelf: "end" }}>
        <RelativeTime at={lead.created_at} short />
      </Box>
    </Box>
  );
});
