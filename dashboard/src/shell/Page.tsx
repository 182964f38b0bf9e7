import { Box, Typography } from "@mui/material";
import type { ReactNode } from "react";

interface PageProps {
  title: string;
  intro: string;
  action?: ReactNode;
  children: ReactNode;
}

/** A page to read and set things on: a column narrow enough for lines of text. */
export function Page({ title, intro, action, children }: PageProps) {
  return (
    <Box sx={{ px: { xs: 2, md: 3 }, py: { xs: 2, md: 2.5 }, maxWidth: 920 }}>
      <Box sx={{ display: "flex", alignItems: "flex-start", gap: 2, flexWrap: "wrap", mb: 2 }}>
        <Box sx={{ flex: "1 1 260px", minWidth: 0 }}>
          <Typography variant="h1">{title}</Typography>
          <Typography variant="body2" sx={{ color: "text.secondary", mt: 0.5 }}>
            {intro}
          </Typography>
        </Box>
        {action}
      </Box>
      <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: "minmax(0, 1fr)" }}>{children}</Box>
    </Box>
  );
}
