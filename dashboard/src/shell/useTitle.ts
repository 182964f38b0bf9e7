import { useEffect } from "react";

/** The page's title, in the tab and the history. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} · Leadflow` : "Leadflow";
  }, [title]);
}
