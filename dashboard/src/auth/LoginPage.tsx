import { Box, Paper, Typography } from "@mui/material";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Logo } from "../shell/Logo";
import { useTitle } from "../shell/useTitle";
import { ForgotPassword } from "./ForgotPassword";
import { SignIn } from "./SignIn";

export function LoginPage() {
  const [forgot, setForgot] = useState(false);
  const [email, setEmail] = useState("");
  useTitle(forgot ? "Forgot password" : "Sign in");
  const { next } = useSearch({ from: "/login" });
  const navigate = useNavigate();
  const queries = useQueryClient();

  function go() {
    queries.clear(); // what somebody else saw before is nothing for this one
    return navigate({ href: next ?? "/leads", replace: true });
  }

  return (
    <Box component="main" sx={{ minHeight: "100dvh", display: "grid", placeItems: "center", p: 2 }}>
      <Paper sx={{ width: 1, maxWidth: 372, p: { xs: 3, sm: 4 }, border: 1, borderColor: "divider", borderRadius: 3 }}>
        <Logo size={36} />
        <Typography variant="h1" sx={{ mt: 2 }}>
          {forgot ? "Forgot your password?" : "Sign in to Leadflow"}
        </Typography>
        <Typography variant="body2" sx={{ color: "text.secondary", mt: 0.5, mb: 3 }}>
          {forgot && "We send you a link to choose a new one."}
          {!forgot && (next ? "Sign in to go on where you were." : "Every lead, live, with the reasons for its score.")}
        </Typography>
        {forgot ? (
          <ForgotPassword email={email} back={() => setForgot(false)} />
        ) : (
          <SignIn email={email} onEmail={setEmail} onDone={go} onForgot={() => setForgot(true)} />
        )}
      </Paper>
    </Box>
  );
}
