import { Box, TextField } from "@mui/material";
import { useState } from "react";
import { humanText, messageFor, slugOf } from "../api/problem";
import type { Enrolment } from "../api/types";
import { CopyField } from "../shell/CopyField";
import { FormDialog } from "../shell/FormDialog";
import { OnceDialog } from "../shell/OnceDialog";
import { QrCode } from "./QrCode";
import { useConfirm, useEnrol } from "./queries";

const TEXT = { fontSize: "0.8125rem" } as const;

function PasswordStep({ onDone, close }: { onDone: (enrolment: Enrolment) => void; close: () => void }) {
  const { mutate, error, isPending } = useEnrol();
  const wrong = slugOf(error) === "wrong-password";
  return (
    <FormDialog
      title="Set up a second factor"
      action="Next"
      busy={isPending}
      error={error}
      said={wrong}
      close={close}
      onSubmit={(form) => mutate(String(form.get("password")), { onSuccess: onDone })}
    >
      <Box sx={TEXT}>You need an authenticator app on your phone. First, show that it is you.</Box>
      <TextField
        label="Password"
        name="password"
        type="password"
        autoComplete="current-password"
        autoFocus
        required
        error={wrong}
        helperText={wrong ? humanText(error) : undefined}
      />
    </FormDialog>
  );
}

interface CodeProps {
  enrolment: Enrolment;
  onDone: (codes: string[]) => void;
  close: () => void;
}

function CodeStep({ enrolment, onDone, close }: CodeProps) {
  const { mutate, error, isPending } = useConfirm();
  return (
    <FormDialog
      title="Scan this with your app"
      action="Turn on"
      busy={isPending}
      error={error}
      said={messageFor(error, "code") !== undefined}
      close={close}
      onSubmit={(form) => mutate(String(form.get("code")).trim(), { onSuccess: onDone })}
    >
      <QrCode text={enrolment.uri} label="QR code of the secret" />
      <CopyField label="Secret" value={enrolment.secret} helperText="To type in where there is no camera." />
      <CopyField label="Address" value={enrolment.uri} helperText="For apps that take an otpauth address." />
      <TextField
        label="Code that the app shows"
        name="code"
        autoComplete="one-time-code"
        autoFocus
        required
        error={messageFor(error, "code") !== undefined}
        helperText={messageFor(error, "code")}
        slotProps={{ htmlInput: { inputMode: "numeric", maxLength: 40 } }}
      />
    </FormDialog>
  );
}

function RecoveryCodes({ codes, close }: { codes: string[]; close: () => void }) {
  return (
    <OnceDialog
      title="Keep your recovery codes"
      warning="The second factor is on. These codes are shown now and never again."
      done="I have kept them"
      close={close}
    >
      <Box sx={TEXT}>Each lets you in once without the app. Keep them where you keep your passwords.</Box>
      <CopyField label="Recovery codes" value={codes.join("\n")} rows={codes.length} />
    </OnceDialog>
  );
}

/** Password, then the secret and a code that proves the app has it, then the recovery codes. */
export function EnrolDialog({ close }: { close: () => void }) {
  const [enrolment, setEnrolment] = useState<Enrolment | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  if (codes) return <RecoveryCodes codes={codes} close={close} />;
  if (enrolment) return <CodeStep enrolment={enrolment} onDone={setCodes} close={close} />;
  return <PasswordStep onDone={setEnrolment} close={close} />;
}
