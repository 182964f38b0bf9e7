import { Box, Button, TextField, Typography } from "@mui/material";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { humanText } from "../api/problem";
import { useWait, waitText } from "../shell/useWait";

const CODE_CHARACTERS_MAX = 40;

interface CodeStepProps {
  error: Error | null;
  busy: boolean;
  onCode: (code: string) => void;
  back: () => void;
}

/** The second factor: six digits of the app, or one of the recovery codes. */
export function CodeStep({ error, busy, onCode, back }: CodeStepProps) {
  const [recovery, setRecovery] = useState(false);
  const [code, setCode] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const { wait, shown } = useWait(error);
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, [error, recovery]);

  function submit(event: FormEvent) {
    event.preventDefault();
    onCode(code.trim());
  }

  return (
    <Box component="form" onSubmit={submit} sx={{ display: "grid", gap: 2 }}>
      <Typography variant="body2">
        {recovery
          ? "Each of your recovery codes is good for one sign-in."
          : "Enter the six digits that your authenticator app shows for Leadflow."}
      </Typography>
      <TextField
        key={String(recovery)}
        label={recovery ? "Recovery code" : "Code"}
        name="code"
        autoComplete={recovery ? "off" : "one-time-code"}
        fullWidth
        inputRef={field}
        value={code}
        onChange={(event) => setCode(event.target.value)}
        error={shown !== null}
        helperText={shown ? humanText(shown) : " "}
        slotProps={{
          inputLabel: { shrink: true },
          htmlInput: {
            required: true,
            maxLength: CODE_CHARACTERS_MAX,
            inputMode: recovery ? "text" : "numeric",
            spellCheck: false,
          },
          formHelperText: { role: shown ? "alert" : undefined },
        }}
      />
      <Button type="submit" variant="contained" size="medium" loading={busy} disabled={wait > 0} fullWidth>
        {wait > 0 ? `Wait ${waitText(wait)}` : "Sign in"}
      </Button>
      <Box sx={{ display: "flex", justifyContent: "space-between", mb: -1 }}>
        <Button color="inherit" onClick={back} sx={{ color: "text.secondary" }}>
          Back
        </Button>
        <Button
          onClick={() => {
            setRecovery(!recovery);
            setCode("");
          }}
        >
          {recovery ? "Use the app" : "Use a recovery code"}
        </Button>
      </Box>
    </Box>
  );
}
