import { Alert, Box, Button, TextField } from "@mui/material";
import type { FormEvent } from "react";
import { humanText, messageFor, slugOf } from "../api/problem";
import { Card } from "../shell/Card";
import { notify } from "../shell/notices";
import { useWait, waitText } from "../shell/useWait";
import { PASSWORD_CHARACTERS_MIN } from "./limits";
import { useChangePassword } from "./queries";

const FORM = { display: "grid", gap: 2, gridTemplateColumns: { xs: "1fr", sm: "1fr 1fr auto" }, alignItems: "start" };

/** Choosing a new password ends every other session: whoever knew the old one is out. */
export function PasswordCard({ email }: { email: string }) {
  const { mutate, error, isPending } = useChangePassword();
  const { wait, shown } = useWait(error);
  const wrongOld = slugOf(shown) === "wrong-password";
  const wrongNew = messageFor(shown, "new");

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    mutate(
      { old: String(given.get("old")), new: String(given.get("new")) },
      {
        onSuccess: () => {
          form.reset();
          notify("The password is changed. You are signed out everywhere else.");
        },
      },
    );
  }

  return (
    <Card title="Password">
      <Box component="form" onSubmit={submit} sx={{ ...FORM, pt: 1 }}>
        {/* Password managers want to know whose password this is. */}
        <input type="text" name="username" autoComplete="username" value={email} readOnly hidden />
        {shown && !wrongOld && !wrongNew && (
          <Alert severity="error" sx={{ gridColumn: "1 / -1" }}>
            {humanText(shown)}
          </Alert>
        )}
        <TextField
          label="Present password"
          name="old"
          type="password"
          autoComplete="current-password"
          error={wrongOld}
          helperText={wrongOld ? "This isn't your present password." : " "}
          slotProps={{ inputLabel: { shrink: true }, htmlInput: { required: true } }}
        />
        <TextField
          label="New password"
          name="new"
          type="password"
          autoComplete="new-password"
          error={wrongNew !== undefined}
          helperText={wrongNew ?? `At least ${PASSWORD_CHARACTERS_MIN} characters. Long is better than complicated.`}
          slotProps={{ inputLabel: { shrink: true }, htmlInput: { required: true } }}
        />
        <Button type="submit" variant="outlined" loading={isPending} disabled={wait > 0} sx={{ mt: { sm: 0.5 } }}>
          {wait > 0 ? `Wait ${waitText(wait)}` : "Change password"}
        </Button>
      </Box>
    </Card>
  );
}
