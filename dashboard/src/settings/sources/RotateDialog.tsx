import { Box, MenuItem, TextField } from "@mui/material";
import { useState } from "react";
import type { Source, SourceMade } from "../../api/types";
import { FormDialog } from "../../shell/FormDialog";
import { MadeDialog } from "./MadeDialog";
import { useRotate } from "./queries";

const HOURS = { 0: "Not at all", 1: "An hour", 24: "A day", 168: "A week" } as const;

/** A new secret; the one before is good for a while, so that the sender can be changed without losing anything. */
export function RotateDialog({ source, close }: { source: Source; close: () => void }) {
  const { mutate, error, isPending } = useRotate(source.id);
  const [made, setMade] = useState<SourceMade | null>(null);
  if (made) return <MadeDialog title={`The new secret of ${source.name}`} made={made} close={close} />;
  return (
    <FormDialog
      title={`New secret for ${source.name}?`}
      action="Make a new secret"
      busy={isPending}
      error={error}
      onSubmit={(form) => mutate(Number(form.get("hours")), { onSuccess: setMade })}
      close={close}
    >
      <Box sx={{ fontSize: "0.8125rem" }}>Put the new secret in at the sender before the present one is over.</Box>
      <TextField label="The present secret stays good for" name="hours" select defaultValue="24">
        {Object.entries(HOURS).map(([hours, text]) => (
          <MenuItem key={hours} value={hours}>
            {text}
          </MenuItem>
        ))}
      </TextField>
    </FormDialog>
  );
}
