import { Box, Checkbox, FormControlLabel, MenuItem, TextField } from "@mui/material";
import { useState } from "react";
import { messageFor } from "../../api/problem";
import type { KeyMade, NewKey } from "../../api/types";
import { CopyField } from "../../shell/CopyField";
import { FormDialog } from "../../shell/FormDialog";
import { sentence } from "../../shell/names";
import { OnceDialog } from "../../shell/OnceDialog";
import { useCreateKey, useRoles } from "./queries";

type Role = NonNullable<NewKey["role"]>;
type Scope = NonNullable<NewKey["scopes"]>[number];
const DAYS = { 30: "30 days", 90: "90 days", 365: "A year" } as const;
const DAY_MS = 86_400_000;

function Scopes({ all, chosen, onChange }: { all: Scope[]; chosen: Scope[]; onChange: (next: Scope[]) => void }) {
  return (
    <Box component="fieldset" sx={{ border: 0, m: 0, p: 0, minHeight: 64 }}>
      <Box component="legend" sx={{ fontSize: "0.75rem", color: "text.secondary", p: 0 }}>
        Only these (none ticked: all that the role may)
      </Box>
      <Box sx={{ display: "grid", gridTemplateColumns: { xs: "1fr", sm: "1fr 1fr" } }}>
        {all.map((scope) => (
          <FormControlLabel
            key={scope}
            label={scope}
            slotProps={{ typography: { variant: "body2" } }}
            control={
              <Checkbox
                size="small"
                checked={chosen.includes(scope)}
                onChange={(_, on) => onChange(on ? [...chosen, scope] : chosen.filter((other) => other !== scope))}
              />
            }
          />
        ))}
      </Box>
    </Box>
  );
}

/** Makes a key, and shows its text once. */
export function KeyDialog({ close }: { close: () => void }) {
  const { mutate, error, isPending } = useCreateKey();
  const roles = useRoles().data ?? [];
  const [role, setRole] = useState<Role>("integration");
  const [scopes, setScopes] = useState<Scope[]>([]);
  const [made, setMade] = useState<KeyMade | null>(null);

  function submit(form: FormData) {
    const days = Number(form.get("days"));
    mutate(
      {
        name: String(form.get("name")).trim(),
        role,
        ...(scopes.length > 0 ? { scopes } : {}),
        ...(days > 0 ? { expires_at: new Date(Date.now() + days * DAY_MS).toISOString() } : {}),
      },
      { onSuccess: setMade },
    );
  }

  if (made) {
    return (
      <OnceDialog
        title={`The key ${made.name}`}
        warning="Copy it now: it is shown once and never again."
        done="I have copied it"
        close={close}
      >
        <CopyField label="API key" value={made.key} helperText="Send it as the header Authorization: Bearer …" />
      </OnceDialog>
    );
  }
  return (
    <FormDialog
      title="New API key"
      action="Make the key"
      wide
      busy={isPending}
      error={error}
      said={messageFor(error, "name") !== undefined}
      onSubmit={submit}
      close={close}
    >
      <TextField
        label="Name"
        name="name"
        required
        autoFocus
        placeholder="Website backend"
        error={messageFor(error, "name") !== undefined}
        helperText={messageFor(error, "name")}
        slotProps={{ htmlInput: { maxLength: 200 } }}
      />
      <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: { xs: "1fr", sm: "1fr 1fr" } }}>
        <TextField
          label="Role"
          select
          value={role}
          onChange={(event) => {
            setRole(event.target.value as Role);
            setScopes([]);
          }}
        >
          {(roles.length > 0 ? roles.map((one) => one.role) : [role]).map((name) => (
            <MenuItem key={name} value={name}>
              {sentence(name)}
            </MenuItem>
          ))}
        </TextField>
        <TextField label="Good for" name="days" select defaultValue="365">
          {Object.entries(DAYS).map(([days, text]) => (
            <MenuItem key={days} value={days}>
              {text}
            </MenuItem>
          ))}
          <MenuItem value="0">Until revoked</MenuItem>
        </TextField>
      </Box>
      <Scopes all={roles.find((one) => one.role === role)?.permissions ?? []} chosen={scopes} onChange={setScopes} />
    </FormDialog>
  );
}
