import { Alert, Box, Button, TextField } from "@mui/material";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { humanText } from "../api/problem";
import { useWait, waitText } from "../shell/useWait";
import { requestReset } from "./session";

/** Asks for a link by mail. What is answered is the same whoever asks, so nobody learns who has an account. */
export function ForgotPassword({ email, back }: { email: string; back: () => void }) {
  const [address, setAddress] = useState(email);
  const { mutate, error, isSuccess, isPending } = useMutation({ mutationFn: requestReset });
  const { wait, shown } = useWait(error);

  function submit(event: FormEvent) {
    event.preventDefault();
    mutate(address.trim());
  }

  if (isSuccess) {
    return (
      <Box sx={{ display: "grid", gap: 2 }}>
        <Alert severity="success" role="status">
          If there is an account with this address, a link is on its way. Look into your spam folder too.
        </Alert>
        <Button variant="outlined" onClick={back} autoFocus>
          Back to signing in
        </Button>
      </Box>
    );
  }
  return (
    <Box component="form" onSubmit={submit} sx={{ display: "grid", gap: 2 }}>
      <TextField
        label="Email"
        name="email"
        type="email"
        autoComplete="username"
        autoFocus
        fullWidth
        value={address}
        onChange={(event) => setAddress(event.target.value)}
        error={shown !== null}
        helperText={shown ? humanText(shown) : " "}
        slotProps={{
          inputLabel: { shrink: true },
          htmlInput: { required: true, maxLength: 320 },
          formHelperText: { role: shown ? "alert" : undefined },
        }}
      />
      <Button type="submit" variant="contained" size="medium" loading={isPending} disabled={wait > 0} fullWidth>
        {wait > 0 ? `Wait ${waitText(wait)}` : "Send the link"}
      </Button>
      <Button color="inherit" onClick={back} sx={{ color: "text.secondary", justifySelf: "center", mb: -1 }}>
        Back to signing in
      </Button>
    </Box>
  );
}
