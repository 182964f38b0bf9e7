import { Box, Button, Skeleton, TextField } from "@mui/material";
import { useState } from "react";
import { humanText, messageFor, slugOf } from "../api/problem";
import { Card } from "../shell/Card";
import { FormDialog } from "../shell/FormDialog";
import { notify } from "../shell/notices";
import { ErrorState } from "../shell/States";
import { Tag } from "../shell/Tag";
import { EnrolDialog } from "./EnrolDialog";
import { useRemoveFactor, useSecondFactor } from "./queries";

const FEW_CODES = 3;

function RemoveDialog({ close }: { close: () => void }) {
  const { mutate, error, isPending } = useRemoveFactor();
  const wrongPassword = slugOf(error) === "wrong-password";
  return (
    <FormDialog
      title="Remove the second factor?"
      action="Remove"
      danger
      busy={isPending}
      error={error}
      said={wrongPassword || messageFor(error, "code") !== undefined}
      close={close}
      onSubmit={(form) =>
        mutate(
          { password: String(form.get("password")), code: String(form.get("code")).trim() },
          {
            onSuccess: () => {
              notify("The second factor is removed.");
              close();
            },
          },
        )
      }
    >
      <Box sx={{ fontSize: "0.8125rem" }}>From then on the password alone lets you in, and anybody who knows it.</Box>
      <TextField
        label="Password"
        name="password"
        type="password"
        autoComplete="current-password"
        autoFocus
        required
        error={wrongPassword}
        helperText={wrongPassword ? humanText(error) : undefined}
      />
      <TextField
        label="Code of the app, or a recovery code"
        name="code"
        autoComplete="one-time-code"
        required
        error={messageFor(error, "code") !== undefined}
        helperText={messageFor(error, "code")}
      />
    </FormDialog>
  );
}

/** Whether signing in needs more than the password. */
export function FactorCard() {
  const { data: factor, error, isPending, refetch } = useSecondFactor();
  const [dialog, setDialog] = useState<"enrol" | "remove" | null>(null);
  const left = factor?.recovery_codes_left ?? 0;
  return (
    <Card
      title="Second factor"
      action={
        factor && (
          <Button
            color={factor.enabled ? "error" : "primary"}
            onClick={() => setDialog(factor.enabled ? "remove" : "enrol")}
          >
            {factor.enabled ? "Remove…" : "Set up…"}
          </Button>
        )
      }
    >
      <Box sx={{ fontSize: "0.8125rem", color: "text.secondary", minHeight: 40 }}>
        {isPending && <Skeleton width="70%" />}
        {error && !factor && <ErrorState error={error} retry={() => void refetch()} compact />}
        {factor && !factor.enabled && (
          <>
            <Tag>Off</Tag> Your password alone lets somebody in. With an authenticator app, signing in also takes a code
            that only your phone shows.
          </>
        )}
        {factor?.enabled && (
          <>
            <Tag tone="good">On</Tag> Signing in takes a code of your app.{" "}
            <Box component="span" sx={{ color: left < FEW_CODES ? "error.main" : undefined }}>
              {left === 1 ? "1 recovery code is left." : `${left} recovery codes are left.`}
              {left < FEW_CODES && " Remove the second factor and set it up again for new ones."}
            </Box>
          </>
        )}
      </Box>
      {dialog === "enrol" && <EnrolDialog close={() => setDialog(null)} />}
      {dialog === "remove" && <RemoveDialog close={() => setDialog(null)} />}
    </Card>
  );
}
