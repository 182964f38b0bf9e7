/** The frame around every page of somebody who is signed in. */
import { Box } from "@mui/material";
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { useEffect } from "react";
import { isSignedIn, onSessionChange } from "../auth";
import { LiveDot, LiveUpdates } from "../live";
import { Logo } from "./Logo";
import { Sidebar } from "./Sidebar";
import { UserMenu } from "./UserMenu";

function TopBar() {
  return (
    <Box
      component="header"
      sx={{
        display: { xs: "flex", md: "none" },
        alignItems: "center",
        gap: 1.5,
        height: 48,
        px: 2,
        borderBottom: 1,
        borderColor: "divider",
      }}
    >
      <Link to="/leads" search={{}} aria-label="All leads" style={{ display: "flex" }}>
        <Logo />
      </Link>
      <Box sx={{ flex: 1, minWidth: 0 }}>
        <LiveDot />
      </Box>
      <UserMenu compact />
    </Box>
  );
}

/** Goes to the sign-in page when the session ends while somebody is at work, and back afterwards. */
function useLeaveWhenSignedOut() {
  const navigate = useNavigate();
  const here = useRouterState({ select: (state) => state.location.href });
  useEffect(
    () =>
      onSessionChange(() => {
        if (!isSignedIn()) void navigate({ to: "/login", search: here === "/leads" ? {} : { next: here } });
      }),
    [navigate, here],
  );
}

export function Shell() {
  useLeaveWhenSignedOut();
  return (
    <Box sx={{ display: "flex", flexDirection: { xs: "column", md: "row" }, minHeight: "100dvh" }}>
      <Box
        component="a"
        href="#main"
        sx={{
          position: "fixed",
          top: 8,
          left: 8,
          zIndex: 10,
          p: 1,
          borderRadius: 1,
          bgcolor: "background.paper",
          transform: "translateY(-200%)",
          "&:focus": { transform: "none" },
        }}
      >
        Skip to content
      </Box>
      <LiveUpdates />
      <Sidebar />
      <TopBar />
      <Box component="main" id="main" tabIndex={-1} sx={{ flex: 1, minWidth: 0, outline: "none" }}>
        <Outlet />
      </Box>
    </Box>
  );
}
