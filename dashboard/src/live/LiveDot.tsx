import { Box, Tooltip, Typography } from "@mui/material";
import { exactTime, relativeTime } from "../shell/time";
import { useNow } from "../shell/useNow";
import { useLive } from "./liveStore";

const WORDS = {
  live: { label: "Live", color: "success.main", help: "Connected. Changes appear by themselves." },
  connecting: { label: "Connecting", color: "warning.main", help: "Connecting to live changes." },
  offline: { label: "Offline", color: "error.main", help: "Not connected. Trying again; what you see may be old." },
  paused: { label: "Paused", color: "text.disabled", help: "Paused while this tab was hidden." },
} as const;

/** Connection to live changes, and when the last one came. */
export function LiveDot() {
  const { state, updatedAt } = useLive();
  const now = useNow();
  const { label, color, help } = WORDS[state];
  const updated = updatedAt === null ? "" : `updated ${relativeTime(updatedAt, now)}`;
  return (
    <Tooltip title={updatedAt === null ? help : `${help} Last update ${exactTime(updatedAt)}.`}>
      <Box
        role="status"
        aria-label={`Live changes: ${label}`}
        data-state={state}
        tabIndex={0}
        sx={{ display: "flex", alignItems: "center", gap: 1, minWidth: 0, borderRadius: 1 }}
      >
        <Box
          sx={{
            width: 8,
            height: 8,
            flexShrink: 0,
            borderRadius: "50%",
            bgcolor: color,
            boxShadow: (theme) =>
              state === "live" ? `0 0 0 3px rgba(${theme.vars?.palette.success.mainChannel} / 0.18)` : "none",
          }}
        />
        <Typography variant="caption" noWrap sx={{ color: "text.secondary" }}>
          {label}
          {updated && state === "live" ? ` · ${updated}` : ""}
        </Typography>
      </Box>
    </Tooltip>
  );
}
