import { Alert, Button, Dialog, DialogActions, DialogContent, DialogTitle } from "@mui/material";
import { type FormEvent, type ReactNode, useId } from "react";
import { humanText } from "../api/problem";
import { useWait, waitText } from "./useWait";

interface FormDialogProps {
  title: string;
  action: string;
  danger?: boolean;
  busy: boolean;
  error: Error | null;
  /** The error is said at its field already. */
  said?: boolean;
  onSubmit: (form: FormData) => void;
  close: () => void;
  wide?: boolean;
  children: ReactNode;
}

/** Asks for something, says what was wrong with it, and waits as long as the gateway asks to. */
export function FormDialog(props: FormDialogProps) {
  const { title, action, danger = false, busy, error, said = false, onSubmit, close, wide = false, children } = props;
  const id = useId();
  const { wait, shown } = useWait(error);

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    onSubmit(new FormData(event.currentTarget));
  }

  return (
    <Dialog open onClose={close} fullWidth maxWidth={wide ? "sm" : "xs"} aria-labelledby={id}>
      <form onSubmit={submit}>
        <DialogTitle id={id} sx={{ fontSize: "1rem", pb: 1 }}>
          {title}
        </DialogTitle>
        <DialogContent sx={{ display: "grid", gap: 2, pt: "8px !important" }}>
          {shown && !said && <Alert severity="error">{humanText(shown)}</Alert>}
          {children}
        </DialogContent>
        <DialogActions sx={{ px: 3, pb: 2 }}>
          <Button color="inherit" onClick={close}>
            Cancel
          </Button>
          <Button
            type="submit"
            variant="contained"
            color={danger ? "error" : "primary"}
            loading={busy}
            disabled={wait > 0}
          >
            {wait > 0 ? `Wait ${waitText(wait)}` : action}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
