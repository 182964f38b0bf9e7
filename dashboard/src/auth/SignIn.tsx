import { Box, Button, TextField } from "@mui/material";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { humanText, slugOf } from "../api/problem";
import { useWait, waitText } from "../shell/useWait";
import { CodeStep } from "./CodeStep";
import { login } from "./session";

const STATIC = { shrink: true }; // a label that stays above its field

interface SignInProps {
  email: string;
  onEmail: (email: string) => void;
  onDone: () => unknown;
  onForgot: () => void;
}

/** Address and password; then, where the gateway asks for one, a code. */
export function SignIn({ email, onEmail, onDone, onForgot }: SignInProps) {
  const [secret, setSecret] = useState("");
  const password = useRef<HTMLInputElement>(null);
  const signIn = useMutation({ mutationFn: login, onSuccess: onDone });
  const [asksForCode, setAsksForCode] = useState(false);
  const error = slugOf(signIn.error) === "code-needed" ? null : signIn.error; // no error, but the next step
  const { wait, shown } = useWait(error);

  useEffect(() => {
    if (signIn.isError) password.current?.select();
  }, [signIn.isError]);

  function send(code?: string) {
    signIn.mutate(
      { email: email.trim(), password: secret, ...(code ? { code } : {}) },
      { onError: (failed) => setAsksForCode((now) => stays(now, slugOf(failed))) },
    );
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    send();
  }

  if (asksForCode) {
    return (
      <CodeStep
        error={error}
        busy={signIn.isPending}
        onCode={send}
        back={() => {
          signIn.reset();
          setAsksForCode(false);
        }}
      />
    );
  }
  return (
    <Box component="form" onSubmit={submit} sx={{ display: "grid", gap: 2 }}>
      <TextField
        slotProps={{ inputLabel: STATIC, htmlInput: { required: true, maxLength: 320 } }}
        label="Email"
        name="email"
        type="email"
        autoComplete="username"
        autoFocus
        fullWidth
        value={email}
        onChange={(event) => onEmail(event.target.value)}
      />
      <TextField
        label="Password"
        name="password"
        type="password"
        autoComplete="current-password"
        fullWidth
        inputRef={password}
        value={secret}
        onChange={(event) => setSecret(event.target.value)}
        error={shown !== null}
        helperText={shown ? humanText(shown) : " "}
        slotProps={{
          inputLabel: STATIC,
          htmlInput: { required: true },
          formHelperText: { role: shown ? "alert" : undefined },
        }}
      />
      <Button type="submit" variant="contained" size="medium" loading={signIn.isPending} disabled={wait > 0} fullWidth>
        {wait > 0 ? `Wait ${waitText(wait)}` : "Sign in"}
      </Button>
      <Button color="inherit" onClick={onForgot} sx={{ color: "text.secondary", justifySelf: "center", mb: -1 }}>
        Forgot password?
      </Button>
    </Box>
  );
}

/** Whether a code is asked for after an answer: a wrong password, or one that is wrong by now, leads back to it. */
function stays(asked: boolean, slug: string): boolean {
  if (slug === "code-needed" || slug === "wrong-code") return true;
  return asked && slug !== "unauthorized";
}
