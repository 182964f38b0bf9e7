import { Box, Button, Paper, TextField, Typography } from "@mui/material";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useEffect, useRef } from "react";
import { humanText } from "../api/problem";
import { Logo } from "../shell/Logo";
import { useTitle } from "../shell/useTitle";
import { login } from "./session";

const STATIC = { shrink: true }; // a label that stays above its field

export function LoginPage() {
  useTitle("Sign in");
  const { next } = useSearch({ from: "/login" });
  const navigate = useNavigate();
  const queries = useQueryClient();
  const password = useRef<HTMLInputElement>(null);
  const signIn = useMutation({
    mutationFn: ({ email, secret }: { email: string; secret: string }) => login(email, secret),
    onSuccess: () => {
      queries.clear(); // what somebody else saw before is nothing for this one
      return navigate({ href: next ?? "/leads", replace: true });
    },
  });
  useEffect(() => {
    if (signIn.isError) password.current?.select();
  }, [signIn.isError]);

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    signIn.mutate({ email: String(form.get("email")).trim(), secret: String(form.get("password")) });
  }

  return (
    <Box component="main" sx={{ minHeight: "100dvh", display: "grid", placeItems: "center", p: 2 }}>
      <Paper sx={{ width: 1, maxWidth: 372, p: { xs: 3, sm: 4 }, border: 1, borderColor: "divider", borderRadius: 3 }}>
        <Logo size={36} />
        <Typography variant="h1" sx={{ mt: 2 }}>
          Sign in to Leadflow
        </Typography>
        <Typography variant="body2" sx={{ color: "text.secondary", mt: 0.5, mb: 3 }}>
          {next ? "Sign in to go on where you were." : "Every lead, live, with the reasons for its score."}
        </Typography>
        <Box component="form" onSubmit={submit} sx={{ display: "grid", gap: 2 }}>
          <TextField
            slotProps={{ inputLabel: STATIC, htmlInput: { required: true } }}
            label="Email"
            name="email"
            type="email"
            autoComplete="username"
            autoFocus
            fullWidth
          />
          <TextField
            label="Password"
            name="password"
            type="password"
            autoComplete="current-password"
            fullWidth
            inputRef={password}
            error={signIn.isError}
            helperText={signIn.isError ? humanText(signIn.error) : " "}
            slotProps={{
              inputLabel: STATIC,
              htmlInput: { required: true },
              formHelperText: { role: signIn.isError ? "alert" : undefined },
            }}
          />
          <Button type="submit" variant="contained" size="medium" loading={signIn.isPending} fullWidth>
            Sign in
          </Button>
        </Box>
      </Paper>
    </Box>
  );
}
