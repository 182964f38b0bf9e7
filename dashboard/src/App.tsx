import { CssBaseline } from "@mui/material";
import { ThemeProvider } from "@mui/material/styles";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { ProblemError } from "./api/problem";
import type { makeRouter } from "./router";
import { Notices } from "./shell/notices";
import { theme } from "./shell/theme";

const RETRIES_MAX = 2;

/** Repeats only what may come right by itself: not reached, too many, server in trouble. */
export function worthRetrying(failures: number, error: unknown): boolean {
  const status = error instanceof ProblemError ? error.status : -1;
  return failures < RETRIES_MAX && (status === 0 || status === 429 || status >= 500);
}

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: { staleTime: 15_000, gcTime: 5 * 60_000, retry: worthRetrying, refetchOnWindowFocus: true },
    },
  });
}

interface AppProps {
  router: ReturnType<typeof makeRouter>;
  queries: QueryClient;
}

export function App({ router, queries }: AppProps) {
  return (
    <ThemeProvider theme={theme} defaultMode="system">
      <CssBaseline enableColorScheme />
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
        <Notices />
      </QueryClientProvider>
    </ThemeProvider>
  );
}
