import { Box, Checkbox, FormControlLabel, MenuItem, TextField } from "@mui/material";
import { useState } from "react";
import { messageFor } from "../../api/problem";
import type { SourceMade } from "../../api/types";
import { FormDialog } from "../../shell/FormDialog";
import { MadeDialog } from "./MadeDialog";
import { useCreateSource } from "./queries";
import { VENDORS } from "./vendors";

/** Makes a source, and shows where to send to, and once its secret. */
export function SourceDialog({ close }: { close: () => void }) {
  const { mutate, error, isPending } = useCreateSource();
  const [vendor, setVendor] = useState("generic");
  const [signed, setSigned] = useState(false);
  const [optIn, setOptIn] = useState(false);
  const [made, setMade] = useState<SourceMade | null>(null);
  const expected = VENDORS.find(({ value }) => value === vendor)?.secret ?? "";

  function submit(form: FormData) {
    const secret = String(form.get("secret") ?? "").trim();
    mutate(
      {
        name: String(form.get("name")).trim(),
        vendor,
        signed,
        ...(signed && secret ? { secret } : {}),
        ...(!signed && optIn ? { double_opt_in: true } : {}),
      },
      { onSuccess: setMade },
    );
  }

  if (made) return <MadeDialog title={`${made.name} is ready`} made={made} close={close} />;
  const wrong = messageFor(error, "secret");
  return (
    <FormDialog
      title="New source"
      action="Make the source"
      busy={isPending}
      error={error}
      said={wrong !== undefined}
      onSubmit={submit}
      close={close}
    >
      <TextField
        label="Name"
        name="name"
        required
        autoFocus
        placeholder="Contact form"
        slotProps={{ htmlInput: { maxLength: 200 } }}
      />
      <TextField
        label="Sender"
        select
        value={vendor}
        onChange={(event) => {
          setVendor(event.target.value);
          setSigned(event.target.value !== "generic");
        }}
      >
        {VENDORS.map(({ value, label }) => (
          <MenuItem key={value} value={value}>
            {label}
          </MenuItem>
        ))}
      </TextField>
      <FormControlLabel
        label="Take only what is signed with the secret"
        slotProps={{ typography: { variant: "body2" } }}
        control={<Checkbox size="small" checked={signed} onChange={(_, on) => setSigned(on)} />}
      />
      {signed ? (
        <TextField
          label="Secret"
          name="secret"
          autoComplete="off"
          error={wrong !== undefined}
          helperText={wrong ?? (expected ? `${expected}. Left empty, one is made up.` : "Left empty, one is made up.")}
          slotProps={{ htmlInput: { maxLength: 1000, spellCheck: false } }}
        />
      ) : (
        <>
          <Box sx={{ fontSize: "0.75rem", color: "text.secondary" }}>
            Whoever knows the address can send. A form on a page works only so.
          </Box>
          <FormControlLabel
            label="Consent counts once it is confirmed by mail (double opt-in)"
            slotProps={{ typography: { variant: "body2" } }}
            control={<Checkbox size="small" checked={optIn} onChange={(_, on) => setOptIn(on)} />}
          />
        </>
      )}
    </FormDialog>
  );
}
