import { Box, Skeleton, Typography } from "@mui/material";
import type { ReactNode } from "react";
import { STATUSES } from "../api/types";
import { Anchor } from "../shell/Anchor";
import { ErrorState } from "../shell/States";
import { sentence } from "../shell/names";
import { statusColor } from "../shell/theme";
import { type LeadFilters, NO_OWNER } from "./filters";
import { useOverview } from "./queries";

const numbers = new Intl.NumberFormat("en");

function Figure({ label, value, search }: { label: string; value: number | undefined; search?: LeadFilters }) {
  const figure = (
    <>
      <Typography variant="caption" noWrap sx={{ color: "text.secondary", display: "block" }}>
        {label}
      </Typography>
      <Typography sx={{ fontSize: "1.25rem", fontWeight: 620, letterSpacing: "-0.02em", lineHeight: 1.3 }}>
        {value === undefined ? <Skeleton width={48} /> : numbers.format(value)}
      </Typography>
    </>
  );
  const box = { display: "block", borderRadius: 1.5, px: 1.5, py: 1, mx: -1.5 };
  if (!search) return <Box sx={box}>{figure}</Box>;
  return (
    <Anchor to="/leads" search={search} sx={{ ...box, "&:hover": { bgcolor: "action.hover" } }}>
      {figure}
    </Anchor>
  );
}

/** All leads as one bar, a piece per status, with the numbers below. */
function StatusBar({ counts }: { counts: Record<string, number> | undefined }) {
  return (
    <Box sx={{ gridColumn: { xs: "1 / -1", md: "auto" }, alignSelf: "center", minWidth: 0 }}>
      <Box
        aria-hidden
        sx={{ display: "flex", gap: "2px", height: 8, borderRadius: 1, overflow: "hidden", bgcolor: "action.hover" }}
      >
        {STATUSES.map((status) => (
          <Box
            key={status}
            sx={{
              flexGrow: counts?.[status] ?? 0,
              flexBasis: 0,
              backgroundColor: statusColor(status),
              transition: "flex-grow 400ms",
            }}
          />
        ))}
      </Box>
      <Box sx={{ display: "flex", flexWrap: "wrap", columnGap: 2, rowGap: 0.25, mt: 1 }}>
        {STATUSES.map((status) => (
          <StatusCount key={status} search={{ status }} color={statusColor(status)}>
            {sentence(status)} <b>{counts ? numbers.format(counts[status] ?? 0) : "–"}</b>
          </StatusCount>
        ))}
      </Box>
    </Box>
  );
}

function StatusCount({ search, color, children }: { search: LeadFilters; color: string; children: ReactNode }) {
  return (
    <Anchor
      to="/leads"
      search={search}
      sx={{
        display: "inline-flex",
        alignItems: "center",
        gap: 0.75,
        fontSize: "0.75rem",
        color: "text.secondary",
        "& b": { color: "text.primary", fontWeight: 600, minWidth: "2ch" },
        "&:hover": { color: "text.primary" },
      }}
    >
      <Box component="span" aria-hidden sx={{ width: 7, height: 7, borderRadius: "50%", backgroundColor: color }} />
      {children}
    </Anchor>
  );
}

/** How things stand, above the list; every number leads to the leads behind it. */
export function Overview() {
  const { data, error, refetch } = useOverview();
  if (error && !data) return <ErrorState error={error} retry={() => void refetch()} compact />;
  return (
    <Box
      component="section"
      aria-label="Overview"
      sx={{
        display: "grid",
        gridTemplateColumns: { xs: "repeat(3, 1fr)", md: "auto auto auto minmax(260px, 1fr)" },
        columnGap: { xs: 2, md: 5 },
        rowGap: 1.5,
        px: { xs: 2, md: 3 },
        pb: 2,
        minHeight: { xs: 120, md: 76 },
      }}
    >
      <Figure label="All leads" value={data?.leads_total} search={{}} />
      <Figure label="New today" value={data?.leads_today} />
      <Figure label="Unassigned" value={data?.unassigned} search={{ owner: NO_OWNER }} />
      <StatusBar counts={data?.by_status} />
    </Box>
  );
}
