import { Box } from "@mui/material";
import { qrCode } from "./qr";

const QUIET = 4;

/** A QR code, black on white whatever the colour scheme: cameras want it so. Nothing for a text that no code holds. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const grid = qrCode(text);
  if (!grid) return null;
  const size = grid.length + QUIET * 2;
  const dark = grid.flatMap((row, y) => row.flatMap((on, x) => (on ? [`M${x + QUIET} ${y + QUIET}h1v1h-1z`] : [])));
  return (
    <Box
      component="svg"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${size} ${size}`}
      shapeRendering="crispEdges"
      sx={{ width: 200, height: 200, borderRadius: 1, bgcolor: "#fff", justifySelf: "center" }}
    >
      <path d={dark.join("")} fill="#000" />
    </Box>
  );
}
