import { Alert, Button, Dialog, DialogActions, DialogContent, DialogTitle, TextField } from "@mui/material";
import { type FormEvent, useState } from "react";
import { humanText, messageFor } from "../api/problem";
import type { Lead, LeadEdit } from "../api/types";
import { useEdit } from "./commands";
import { changedFields, EDITABLE } from "./edit";

/** Edits the fields that people get wrong in forms. Sends only what changed. */
export function EditDialog({ lead, close }: { lead: Lead; close: () => void }) {
  const { mutate, error, isPending } = useEdit(lead.id);
  const [seen] = useState(lead); // what the person saw when they began

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const changes: LeadEdit = changedFields(seen, new FormData(event.currentTarget));
    if (Object.keys(changes).length === 0) close();
    else mutate(changes, { onSuccess: close });
  }

  return (
    <Dialog open onClose={close} fullWidth maxWidth="xs" aria-labelledby="edit-title">
      <form onSubmit={submit}>
        <DialogTitle id="edit-title" sx={{ fontSize: "1rem", pb: 1 }}>
          Edit details
        </DialogTitle>
        <DialogContent sx={{ display: "grid", gap: 2, pt: "8px !important" }}>
          {error && <Alert severity="error">{humanText(error)}</Alert>}
          {EDITABLE.map(({ field, label, type }, index) => (
            <TextField
              key={field}
              name={field}
              label={label}
              type={type}
              defaultValue={seen[field] ?? ""}
              autoFocus={index === 0}
              error={messageFor(error, field) !== undefined}
              helperText={messageFor(error, field)}
            />
          ))}
        </DialogContent>
        <DialogActions sx={{ px: 3, pb: 2 }}>
          <Button color="inherit" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" variant="contained" loading={isPending}>
            Save
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
