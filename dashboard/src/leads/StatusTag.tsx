import { Box } from "@mui/material";
import { sentence } from "../shell/names";
import { statusColor } from "../shell/theme";

/** Where a lead stands: a dot and a word. */
export function StatusTag({ status }: { status: string }) {
  return (
    <Box component="span" sx={{ display: "inline-flex", alignItems: "center", gap: 1, whiteSpace: "nowrap" }}>
      <Box
        component="span"
        aria-hidden
        sx={{ width: 8, height: 8, borderRadius: "50%", backgroundColor: statusColor(status) }}
      />
      {sentence(status)}
    </Box>
  );
}
