/** Short notices at the bottom of the page: what went wrong, or what was done. */
import { Alert, Snackbar } from "@mui/material";
import { useSyncExternalStore } from "react";
import { humanText } from "../api/problem";

interface Notice {
  id: number;
  severity: "success" | "info" | "error";
  text: string;
}

let notice: Notice | null = null;
let count = 0;
const listeners = new Set<() => void>();

function show(next: Notice | null): void {
  notice = next;
  listeners.forEach((listener) => listener());
}

export function notify(text: string, severity: Notice["severity"] = "success"): void {
  show({ id: ++count, severity, text });
}

export const notifyError = (error: unknown): void => notify(humanText(error), "error");

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Notices() {
  const current = useSyncExternalStore(subscribe, () => notice);
  if (!current) return null;
  const { id, severity, text } = current;
  return (
    <Snackbar
      key={id}
      open
      autoHideDuration={severity === "error" ? 8000 : 3500}
      onClose={(_, reason) => reason !== "clickaway" && show(null)}
      anchorOrigin={{ vertical: "bottom", horizontal: "center" }}
    >
      <Alert severity={severity} variant="filled" onClose={() => show(null)}>
        {text}
      </Alert>
    </Snackbar>
  );
}
