import { Box, Typography } from "@mui/material";
import { Flame, Inbox, type LucideIcon, UserRound, UserRoundX } from "lucide-react";
import { useMe } from "../auth";
import type { LeadFilters } from "../leads/filters";
import { LiveDot } from "../live";
import { settingsFor } from "../settings/pages";
import { Anchor } from "./Anchor";
import { Logo } from "./Logo";
import { UserMenu } from "./UserMenu";

interface View {
  label: string;
  Icon: LucideIcon;
  search: LeadFilters;
}

/** The lists that people look at every day. */
export function useViews(): View[] {
  const person = useMe().data?.person;
  return [
    { label: "All leads", Icon: Inbox, search: {} },
    { label: "Unassigned", Icon: UserRoundX, search: { owner: "none" } },
    { label: "Grade A", Icon: Flame, search: { grade: "A", sort: "-score" as const } },
    // Last, since it is known last: nothing moves when it comes.
    ...(person ? [{ label: "My leads", Icon: UserRound, search: { owner: person } }] : []),
  ];
}

const entry = {
  display: "flex",
  alignItems: "center",
  gap: 1.25,
  px: 1,
  height: 32,
  flexShrink: 0,
  borderRadius: 1.5,
  fontSize: "0.8125rem",
  fontWeight: 500,
  color: "text.secondary",
  "&:hover": { bgcolor: "action.hover" },
  "&[aria-current=page]": { bgcolor: "action.selected", color: "text.primary" },
} as const;

function Settings() {
  const pages = settingsFor(useMe().data);
  if (pages.length === 0) return null;
  return (
    <>
      <Typography variant="caption" component="h2" sx={{ color: "text.secondary", px: 1, mt: 2.5, mb: 0.5 }}>
        Settings
      </Typography>
      {pages.map(({ to, label, Icon }) => (
        <Anchor key={to} to={to} sx={entry}>
          <Icon size={15} aria-hidden />
          {label}
        </Anchor>
      ))}
    </>
  );
}

export function Sidebar() {
  return (
    <Box
      component="nav"
      aria-label="Main"
      sx={{
        display: { xs: "none", md: "flex" },
        flexDirection: "column",
        width: 216,
        flexShrink: 0,
        height: "100dvh",
        position: "sticky",
        top: 0,
        overflowY: "auto",
        borderRight: 1,
        borderColor: "divider",
        p: 1.25,
      }}
    >
      <Box sx={{ display: "flex", alignItems: "center", gap: 1, px: 1, height: 40, mb: 1.5 }}>
        <Logo />
        <Typography sx={{ fontWeight: 650, letterSpacing: "-0.01em" }}>Leadflow</Typography>
      </Box>
      {useViews().map(({ label, Icon, search }) => (
        <Anchor key={label} to="/leads" search={search} activeOptions={{ exact: true, includeSearch: true }} sx={entry}>
          <Icon size={15} aria-hidden />
          {label}
        </Anchor>
      ))}
      <Settings />
      <Box sx={{ flex: 1 }} />
      <Box sx={{ px: 1.25, py: 1 }}>
        <LiveDot />
      </Box>
      <UserMenu />
    </Box>
  );
}
