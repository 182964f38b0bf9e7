import { Box } from "@mui/material";
import { TONE, tint } from "./theme";

/** One word about a row, on a tint of its own colour. */
export function Tag({ tone = "quiet", children }: { tone?: keyof typeof TONE; children: string }) {
  return (
    <Box
      component="span"
      sx={{
        px: 0.75,
        py: 0.125,
        borderRadius: 1,
        fontSize: "0.75rem",
        fontWeight: 550,
        whiteSpace: "nowrap",
        color: TONE[tone],
        bgcolor: tint(TONE[tone], 10),
      }}
    >
      {children}
    </Box>
  );
}
