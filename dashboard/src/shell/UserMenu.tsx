import { Box, ButtonBase, Divider, ListItemText, Menu, MenuItem, Typography } from "@mui/material";
import { useColorScheme } from "@mui/material/styles";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Check, ChevronsUpDown, LogOut, Monitor, Moon, Sun, UserRound } from "lucide-react";
import { useState } from "react";
import { logout, useMe } from "../auth";
import { settingsFor } from "../settings/pages";
import { Avatar } from "./Avatar";

const SCHEMES = [
  { mode: "system", label: "Like the system", Icon: Monitor },
  { mode: "light", label: "Light", Icon: Sun },
  { mode: "dark", label: "Dark", Icon: Moon },
] as const;

const LINK = { "&:hover": { textDecoration: "none" } } as const;

/** Who is signed in, the colour scheme, and the way out. */
export function UserMenu({ compact = false }: { compact?: boolean }) {
  const { data: me } = useMe();
  const { mode, setMode } = useColorScheme();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const name = me?.name ?? "";

  async function leave() {
    setAnchor(null);
    await logout();
    queries.clear();
    await navigate({ to: "/login", search: {} });
  }

  return (
    <>
      <ButtonBase
        aria-label="Account and appearance"
        aria-haspopup="menu"
        onClick={(event) => setAnchor(event.currentTarget)}
        sx={{ gap: 1, p: 0.75, borderRadius: 2, width: compact ? "auto" : 1, "&:hover": { bgcolor: "action.hover" } }}
      >
        <Avatar name={name || "?"} size={26} />
        {!compact && (
          <>
            <Box sx={{ flex: 1, minWidth: 0, textAlign: "left" }}>
              <Typography variant="body2" noWrap sx={{ fontWeight: 550, lineHeight: 1.25 }}>
                {name || "\u00a0"}
              </Typography>
              <Typography variant="caption" noWrap sx={{ color: "text.secondary", display: "block", lineHeight: 1.25 }}>
                {me?.role ?? "\u00a0"}
              </Typography>
            </Box>
            <ChevronsUpDown size={14} aria-hidden />
          </>
        )}
      </ButtonBase>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
        <Box sx={{ px: 1.5, py: 0.75 }}>
          <Typography variant="body2" sx={{ fontWeight: 600 }}>
            {name}
          </Typography>
          <Typography variant="caption" sx={{ color: "text.secondary" }}>
            {me?.email}
          </Typography>
        </Box>
        <Divider sx={{ my: 0.5 }} />
        {SCHEMES.map(({ mode: option, label, Icon }) => (
          <MenuItem key={option} role="menuitemradio" aria-checked={mode === option} onClick={() => setMode(option)}>
            <Icon size={15} aria-hidden />
            <ListItemText primary={label} slotProps={{ primary: { variant: "body2" } }} />
            {mode === option && <Check size={14} aria-hidden />}
          </MenuItem>
        ))}
        <Divider sx={{ my: 0.5 }} />
        <MenuItem component={Link} to="/account" onClick={() => setAnchor(null)} sx={LINK}>
          <UserRound size={15} aria-hidden /> My account
        </MenuItem>
        {compact && // where there is no room for them beside the page
          settingsFor(me).map(({ to, label, Icon }) => (
            <MenuItem key={to} component={Link} to={to} onClick={() => setAnchor(null)} sx={LINK}>
              <Icon size={15} aria-hidden /> {label}
            </MenuItem>
          ))}
        <MenuItem onClick={() => void leave()}>
          <LogOut size={15} aria-hidden /> Sign out
        </MenuItem>
      </Menu>
    </>
  );
}
