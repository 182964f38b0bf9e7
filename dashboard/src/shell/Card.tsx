import { Box, Paper, Typography } from "@mui/material";
import { type ReactNode, useId } from "react";

interface CardProps {
  title: string;
  action?: ReactNode;
  children: ReactNode;
  testId?: string;
}

/** A titled panel; a landmark for screen readers. */
export function Card({ title, action, children, testId }: CardProps) {
  const id = useId();
  return (
    <Paper
      component="section"
      aria-labelledby={id}
      data-testid={testId}
      sx={{ border: 1, borderColor: "divider", borderRadius: 2.5, overflow: "hidden" }}
    >
      <Box sx={{ display: "flex", alignItems: "center", minHeight: 40, px: 2, pt: 0.75 }}>
        <Typography id={id} variant="h2" sx={{ flex: 1 }}>
          {title}
        </Typography>
        {action}
      </Box>
      <Box sx={{ px: 2, pb: 2, pt: 0.5 }}>{children}</Box>
    </Paper>
  );
}
