import { Button, Dialog, DialogActions, DialogContent, DialogContentText, DialogTitle, TextField } from "@mui/material";
import { useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { notify } from "../shell/notices";
import { useErase } from "./commands";

/** Asks once more, and for the reason, which the certificate will say. */
export function EraseDialog({ id, name, close }: { id: string; name: string; close: () => void }) {
  const { mutate, isPending } = useErase(id);
  const navigate = useNavigate();

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const reason = String(new FormData(event.currentTarget).get("reason")).trim();
    mutate(reason, {
      onSuccess: () => {
        notify("The person was erased.");
        void navigate({ to: "/leads", search: {} });
      },
    });
  }

  return (
    <Dialog open onClose={close} fullWidth maxWidth="xs" aria-labelledby="erase-title">
      <form onSubmit={submit}>
        <DialogTitle id="erase-title" sx={{ fontSize: "1rem" }}>
          Erase {name}?
        </DialogTitle>
        <DialogContent>
          <DialogContentText variant="body2" sx={{ mb: 2 }}>
            The keys to this person's data are destroyed, in the log, the lists and the search alike. This can't be
            undone.
          </DialogContentText>
          <TextField name="reason" label="Reason" required fullWidth autoFocus placeholder="Asked for by the person" />
        </DialogContent>
        <DialogActions sx={{ px: 3, pb: 2 }}>
          <Button color="inherit" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" variant="contained" color="error" loading={isPending}>
            Erase for ever
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
