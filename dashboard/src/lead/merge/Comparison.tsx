/** Two leads side by side, and what the one that they become will show. */
import { Box, Typography } from "@mui/material";
import { Check } from "lucide-react";
import type { ReactNode } from "react";
import type { Lead } from "../../api/types";
import { StatusTag } from "../../leads";
import { Owner } from "../../people";
import { ScoreChip } from "../../scoring";
import { leadName } from "../../shell/names";
import { Tag } from "../../shell/Tag";
import { exactTime } from "../../shell/time";
import { compare, type Line, type Side, valueOf } from "./compare";

const ROW = {
  display: "grid",
  gridTemplateColumns: { xs: "minmax(0, 1fr) minmax(0, 1fr)", sm: "84px minmax(0, 1fr) minmax(0, 1fr)" },
  columnGap: 1.5,
  py: { xs: 0.75, sm: 1 },
  borderTop: 1,
  borderColor: "divider",
  fontSize: "0.8125rem",
  alignItems: "baseline",
} as const;

/** Broken before its host, where there is no room for it on one line. */
function Address({ email }: { email: string }) {
  const [name, ...host] = email.split("@");
  return (
    <>
      {name}
      <wbr />
      {host.length > 0 && `@${host.join("@")}`}
    </>
  );
}

function shown(lead: Lead, field: Line["field"]): ReactNode {
  if (field === "owner") return <Owner id={lead.owner} />;
  if (field === "status") return <StatusTag status={lead.status} />;
  if (field === "score") return <ScoreChip score={lead.score} grade={lead.grade} />;
  const value = valueOf(lead, field);
  if (value === null) return "—";
  if (field === "created_at") return exactTime(value);
  return field === "email" ? <Address email={String(value)} /> : value;
}

function Cell({ lead, line, kept }: { lead: Lead; line: Line; kept: boolean }) {
  return (
    <Box
      role="cell"
      sx={{
        display: "flex",
        alignItems: "center",
        gap: 0.75,
        minWidth: 0,
        overflowWrap: "anywhere",
        ...(kept
          ? { fontWeight: 550 }
          : { color: "text.secondary", ...(line.kept === null ? {} : { "& > *": { opacity: 0.75 } }) }),
      }}
    >
      <Box component="span" sx={{ minWidth: 0 }}>
        {shown(lead, line.field)}
      </Box>
      {kept && (
        <Box component="span" role="img" aria-label="is kept" sx={{ color: "success.main", display: "inline-flex" }}>
          <Check size={14} aria-hidden />
        </Box>
      )}
    </Box>
  );
}

function Head({ lead, side, which }: { lead: Lead; side: Side; which: string }) {
  return (
    <Box
      role="columnheader"
      sx={{ minWidth: 0, display: "grid", gap: 0.5, justifyItems: "start", alignContent: "start" }}
    >
      <Typography variant="caption" sx={{ color: "text.secondary" }}>
        {which}
      </Typography>
      <Typography variant="body2" sx={{ fontWeight: 600, overflowWrap: "anywhere", lineHeight: 1.3 }}>
        {leadName(lead)}
      </Typography>
      {side === "stays" ? <Tag tone="good">Stays</Tag> : <Tag>Ends in the other</Tag>}
    </Box>
  );
}

interface ComparisonProps {
  lead: Lead;
  other: Lead;
  /** The other one stays. */
  swapped: boolean;
}

export function Comparison({ lead, other, swapped }: ComparisonProps) {
  const lines = swapped ? compare(other, lead) : compare(lead, other);
  const [mine, theirs]: Side[] = swapped ? ["ends", "stays"] : ["stays", "ends"];
  return (
    <Box role="table" aria-label="The two leads">
      <Box role="row" sx={{ ...ROW, borderTop: 0, pt: 0 }}>
        <Box role="columnheader" aria-label="What" sx={{ display: { xs: "none", sm: "block" } }} />
        <Head lead={lead} side={mine as Side} which="This lead" />
        <Head lead={other} side={theirs as Side} which="The other lead" />
      </Box>
      {lines.map((line) => (
        <Box role="row" key={line.field} sx={ROW} data-testid={`line-${line.field}`} data-kept={line.kept ?? "none"}>
          <Box
            role="rowheader"
            sx={{
              color: "text.secondary",
              gridColumn: { xs: "1 / -1", sm: "auto" },
              fontSize: { xs: "0.75rem", sm: "inherit" },
            }}
          >
            {line.label}
          </Box>
          <Cell lead={lead} line={line} kept={line.kept === "both" || line.kept === mine} />
          <Cell lead={other} line={line} kept={line.kept === "both" || line.kept === theirs} />
          {line.remark && (
            <Typography variant="caption" sx={{ color: "text.secondary", gridColumn: { xs: "1 / -1", sm: "2 / -1" } }}>
              {line.remark}
            </Typography>
          )}
        </Box>
      ))}
    </Box>
  );
}
