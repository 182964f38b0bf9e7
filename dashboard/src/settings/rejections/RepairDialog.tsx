import {
  Alert,
  Box,
  Button,
  Dialog,
  DialogActions,
  DialogContent,
  DialogTitle,
  MenuItem,
  TextField,
} from "@mui/material";
import { useId, useState } from "react";
import { humanText } from "../../api/problem";
import type { Cause } from "../../api/types";
import { notify } from "../../shell/notices";
import { MONO } from "../../shell/theme";
import { type How, HOWS, readChange } from "./change";
import { groupOf, useStartRepair, useTry } from "./queries";
import { Tried } from "./Tried";

const code = { "& textarea": { fontFamily: MONO, fontSize: "0.75rem" } };
const TEXT_MAX = 100_000;
const HINT = {
  mapping: "One line for each field: field = path. What isn't named is found by name, label and shape.",
  patch: "A JSON merge patch to the message: members named are replaced, null takes one away.",
  unchanged: "",
} as const;

interface RepairProps {
  cause: Cause;
  close: () => void;
}

/** Tries a change on a few of a group, then sends all of them again with it. */
export function RepairDialog({ cause, close }: RepairProps) {
  const id = useId();
  const [how, setHow] = useState<How>("mapping");
  const [text, setText] = useState("");
  const trial = useTry();
  const start = useStartRepair();
  const change = readChange(how, text);
  const wrong = typeof change === "string" && change !== "" ? change : null;
  const asked = typeof change === "string" ? null : { ...groupOf(cause), ...change };
  const error = trial.error ?? start.error;
  // What was tried is no longer what would be sent.
  const forget = () => {
    trial.reset();
    start.reset();
  };

  function send() {
    if (!asked) return;
    start.mutate(asked, {
      onSuccess: ({ total }) => {
        notify(total === 1 ? "One is sent again." : `${total} are sent again, one after the other.`);
        close();
      },
    });
  }

  return (
    <Dialog open onClose={close} fullWidth maxWidth="md" aria-labelledby={id}>
      <DialogTitle id={id} sx={{ fontSize: "1rem", pb: 1, overflowWrap: "anywhere" }}>
        Repair {cause.count === 1 ? "one" : `all ${cause.count}`}: {cause.reason}
      </DialogTitle>
      <DialogContent sx={{ display: "grid", gap: 2, pt: "8px !important" }}>
        {error && <Alert severity="error">{humanText(error)}</Alert>}
        <TextField
          label="How"
          select
          value={how}
          onChange={(event) => {
            setHow(event.target.value as How);
            forget();
          }}
        >
          {HOWS.map(({ value, label }) => (
            <MenuItem key={value} value={value}>
              {label}
            </MenuItem>
          ))}
        </TextField>
        {how !== "unchanged" && (
          <TextField
            label={how === "mapping" ? "Mapping" : "Change"}
            multiline
            minRows={3}
            maxRows={10}
            autoFocus
            value={text}
            onChange={(event) => {
              setText(event.target.value);
              forget();
            }}
            placeholder={how === "mapping" ? "email = data.mail" : '{"kind": "lead"}'}
            error={wrong !== null}
            helperText={wrong ?? HINT[how]}
            sx={code}
            slotProps={{ inputLabel: { shrink: true }, htmlInput: { spellCheck: false, maxLength: TEXT_MAX } }}
          />
        )}
        <Box aria-live="polite">{trial.data && <Tried answer={trial.data} />}</Box>
      </DialogContent>
      <DialogActions sx={{ px: 3, pb: 2 }}>
        <Button color="inherit" onClick={close}>
          Close
        </Button>
        <Button onClick={() => asked && trial.mutate(asked)} loading={trial.isPending} disabled={!asked}>
          Try a few
        </Button>
        <Button variant="contained" onClick={send} loading={start.isPending} disabled={!trial.data}>
          Send {cause.count === 1 ? "it" : `all ${cause.count}`} again
        </Button>
      </DialogActions>
    </Dialog>
  );
}
