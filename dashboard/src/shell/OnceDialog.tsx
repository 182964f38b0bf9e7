import { Alert, Button, Dialog, DialogActions, DialogContent, DialogTitle } from "@mui/material";
import { type ReactNode, useId } from "react";

interface OnceProps {
  title: string;
  done: string;
  warning: string;
  close: () => void;
  children: ReactNode;
}

/** What is shown once and never again: only the button closes it. */
export function OnceDialog({ title, done, warning, close, children }: OnceProps) {
  const id = useId();
  return (
    <Dialog open fullWidth maxWidth="sm" aria-labelledby={id}>
      <DialogTitle id={id} sx={{ fontSize: "1rem", pb: 1 }}>
        {title}
      </DialogTitle>
      <DialogContent sx={{ display: "grid", gap: 2, pt: "8px !important" }}>
        <Alert severity="warning">{warning}</Alert>
        {children}
      </DialogContent>
      <DialogActions sx={{ px: 3, pb: 2 }}>
        <Button variant="contained" onClick={close}>
          {done}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
