import { Box } from "@mui/material";
import { hue, initials } from "./names";

/** Initials on a colour that stays the same for the same name. Decoration: the name stands beside it. */
export function Avatar({ name, size = 24 }: { name: string; size?: number }) {
  const base = hue(name);
  return (
    <Box
      aria-hidden
      sx={{
        width: size,
        height: size,
        flexShrink: 0,
        borderRadius: "50%",
        display: "grid",
        placeItems: "center",
        fontSize: size * 0.4,
        fontWeight: 600,
        letterSpacing: "-0.02em",
        color: `light-dark(hsl(${base} 45% 27%), hsl(${base} 60% 82%))`,
        backgroundColor: `light-dark(hsl(${base} 55% 91%), hsl(${base} 30% 24%))`,
      }}
    >
      {initials(name)}
    </Box>
  );
}
