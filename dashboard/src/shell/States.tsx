/** What a place shows when it has nothing, or could not get it. */
import { Box, Button, Typography } from "@mui/material";
import { CircleAlert, RotateCw } from "lucide-react";
import type { ReactNode } from "react";
import { humanText } from "../api/problem";

interface EmptyProps {
  icon: ReactNode;
  title: string;
  children?: ReactNode;
}

export function EmptyState({ icon, title, children }: EmptyProps) {
  return (
    <Box sx={{ py: 6, px: 3, textAlign: "center", color: "text.secondary" }}>
      <Box aria-hidden sx={{ display: "inline-flex", mb: 1.5, color: "text.disabled" }}>
        {icon}
      </Box>
      <Typography sx={{ fontWeight: 600, color: "text.primary" }}>{title}</Typography>
      <Box sx={{ mt: 0.5, fontSize: "0.8125rem", maxWidth: 420, mx: "auto" }}>{children}</Box>
    </Box>
  );
}

interface ErrorProps {
  error: unknown;
  retry?: () => void;
  compact?: boolean;
}

export function ErrorState({ error, retry, compact = false }: ErrorProps) {
  return (
    <Box role="alert" sx={{ py: compact ? 2 : 6, px: 2, textAlign: "center" }}>
      <Box aria-hidden sx={{ color: "error.main", mb: 1 }}>
        <CircleAlert size={compact ? 18 : 22} />
      </Box>
      <Typography variant="body2">{humanText(error)}</Typography>
      {retry && (
        <Button onClick={retry} startIcon={<RotateCw size={14} />} sx={{ mt: 1 }}>
          Try again
        </Button>
      )}
    </Box>
  );
}
