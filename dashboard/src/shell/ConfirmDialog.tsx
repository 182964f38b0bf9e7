import { Box } from "@mui/material";
import type { ReactNode } from "react";
import { FormDialog } from "./FormDialog";

interface ConfirmProps {
  title: string;
  action: string;
  busy: boolean;
  error: Error | null;
  onConfirm: () => void;
  close: () => void;
  children: ReactNode;
}

/** Asks once more before something that can't be taken back. */
export function ConfirmDialog({ onConfirm, children, ...rest }: ConfirmProps) {
  return (
    <FormDialog {...rest} danger onSubmit={onConfirm}>
      <Box sx={{ fontSize: "0.8125rem" }}>{children}</Box>
    </FormDialog>
  );
}
