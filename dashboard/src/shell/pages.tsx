/** Pages for when there is no page: not found, not yet, gone wrong. */
import { Box, Button, CircularProgress } from "@mui/material";
import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { EmptyState, ErrorState } from "./States";
import { useTitle } from "./useTitle";

export function NotFound() {
  useTitle("Not found");
  return (
    <EmptyState icon={<Compass size={24} />} title="There is nothing at this address">
      <Button component={Link} to="/leads" sx={{ mt: 1 }}>
        Go to all leads
      </Button>
    </EmptyState>
  );
}

export function PageError({ error, reset }: ErrorComponentProps) {
  return <ErrorState error={error} retry={reset} />;
}

export function PagePending() {
  return (
    <Box role="status" aria-label="Loading" sx={{ display: "grid", placeItems: "center", minHeight: "60vh" }}>
      <CircularProgress size={22} />
    </Box>
  );
}
