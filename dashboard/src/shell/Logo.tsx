import { Box } from "@mui/material";

export function Logo({ size = 22 }: { size?: number }) {
  return (
    <Box component="svg" viewBox="0 0 32 32" aria-hidden sx={{ width: size, height: size, flexShrink: 0 }}>
      <rect width="32" height="32" rx="8" fill="#4f46e5" />
      <path
        d="M9 8v11a4 4 0 0 0 4 4h10"
        fill="none"
        stroke="#fff"
        strokeWidth="3.2"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
      <circle cx="22" cy="11" r="3.4" fill="#a5b4fc" />
    </Box>
  );
}
