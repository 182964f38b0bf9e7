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
import type { Source } from "../../api/types";
import { notify } from "../../shell/notices";
import { MONO } from "../../shell/theme";
import { mappingText, readMapping } from "./mapping";
import { Previewed } from "./Previewed";
import { usePreview, useSaveMapping } from "./queries";

const TYPES = ["application/json", "application/x-www-form-urlencoded", "text/plain"];
const code = { "& textarea": { fontFamily: MONO, fontSize: "0.75rem" } };
const BODY_MAX = 500_000;

interface PreviewProps {
  source: Source;
  mayChange: boolean;
  close: () => void;
}

/** Tries a mapping on a request that somebody pastes: nothing is published. */
export function PreviewDialog({ source, mayChange, close }: PreviewProps) {
  const id = useId();
  const [body, setBody] = useState("");
  const [type, setType] = useState(TYPES[0] as string);
  const [text, setText] = useState(mappingText(source.mapping));
  const preview = usePreview(source.id);
  const save = useSaveMapping(source);
  const mapping = readMapping(text);
  const wrongLine = typeof mapping === "number" ? mapping : null;
  const error = preview.error ?? save.error;

  function tryIt() {
    if (typeof mapping !== "number") preview.mutate({ body, content_type: type, mapping });
  }

  function keep() {
    if (typeof mapping === "number") return;
    save.mutate(mapping, {
      onSuccess: () => {
        notify("The mapping is saved.");
        close();
      },
    });
  }

  return (
    <Dialog open onClose={close} fullWidth maxWidth="md" aria-labelledby={id}>
      <DialogTitle id={id} sx={{ fontSize: "1rem", pb: 1 }}>
        Try a mapping of {source.name}
      </DialogTitle>
      <DialogContent sx={{ display: "grid", gap: 2, pt: "8px !important" }}>
        {error && <Alert severity="error">{humanText(error)}</Alert>}
        <TextField
          label="A request's body"
          multiline
          minRows={5}
          maxRows={12}
          autoFocus
          value={body}
          onChange={(event) => setBody(event.target.value)}
          placeholder={'{"data": {"mail": "ana@example.org"}}'}
          sx={code}
          slotProps={{ inputLabel: { shrink: true }, htmlInput: { spellCheck: false, maxLength: BODY_MAX } }}
        />
        <TextField label="Sent as" select value={type} onChange={(event) => setType(event.target.value)}>
          {TYPES.map((name) => (
            <MenuItem key={name} value={name}>
              {name}
            </MenuItem>
          ))}
        </TextField>
        <TextField
          label="Mapping"
          multiline
          minRows={3}
          maxRows={10}
          value={text}
          onChange={(event) => setText(event.target.value)}
          placeholder="company = data.org"
          error={wrongLine !== null}
          helperText={
            wrongLine === null
              ? "One line for each field: field = path. What isn't named is found by name, label and shape."
              : `Line ${wrongLine} is not of the form field = path.`
          }
          sx={code}
          slotProps={{ inputLabel: { shrink: true }, htmlInput: { spellCheck: false } }}
        />
        <Box aria-live="polite">{preview.data && <Previewed answer={preview.data} />}</Box>
      </DialogContent>
      <DialogActions sx={{ px: 3, pb: 2 }}>
        <Button color="inherit" onClick={close}>
          Close
        </Button>
        {mayChange && (
          <Button onClick={keep} loading={save.isPending} disabled={wrongLine !== null}>
            Save the mapping
          </Button>
        )}
        <Button
          variant="contained"
          onClick={tryIt}
          loading={preview.isPending}
          disabled={wrongLine !== null || body.trim() === ""}
        >
          Try it
        </Button>
      </DialogActions>
    </Dialog>
  );
}
