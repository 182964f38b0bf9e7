import { Box, Button, Skeleton } from "@mui/material";
import { type KeyboardEvent, useEffect, useRef } from "react";
import type { Lead } from "../api/types";
import { COLUMNS, ROW_HEIGHT } from "./columns";
import { LeadRow } from "./LeadRow";
import { useFresh } from "./useFresh";

const HEAD = [
  ["name", "Lead", {}],
  ["email", "Email", { xs: "none", lg: "block" }],
  ["company", "Company", {}],
  ["status", "Status", {}],
  ["score", "Score", {}],
  ["owner", "Owner", {}],
  ["source", "Source", { xs: "none", xl: "block" }],
  ["age", "Age", {}],
] as const;

function Head() {
  return (
    <Box
      role="row"
      sx={{
        ...COLUMNS,
        display: { xs: "none", md: "grid" },
        height: 32,
        fontSize: "0.75rem",
        color: "text.secondary",
        borderBottom: 1,
        borderColor: "divider",
      }}
    >
      {HEAD.map(([area, label, display]) => (
        <Box
          key={area}
          role="columnheader"
          sx={{ gridArea: area, display, ...(area === "age" && { justifySelf: "end" }) }}
        >
          {label}
        </Box>
      ))}
    </Box>
  );
}

/** Rows of the right height before there are leads. */
export function SkeletonRows({ count }: { count: number }) {
  return (
    <Box role="status" aria-label="Loading leads">
      {Array.from({ length: count }, (_, index) => (
        <Box
          key={index}
          sx={{
            display: "flex",
            alignItems: "center",
            gap: 2,
            px: { xs: 2, md: 3 },
            height: { xs: 66, md: ROW_HEIGHT },
            borderBottom: 1,
            borderColor: "divider",
          }}
        >
          <Skeleton variant="circular" width={24} height={24} />
          <Skeleton width={`${20 + ((index * 7) % 12)}%`} />
          <Box sx={{ flex: 1 }} />
          <Skeleton width="12%" />
          <Skeleton width={48} />
        </Box>
      ))}
    </Box>
  );
}

/** Up and down (or k and j) go from lead to lead. */
function moveBetweenRows(event: KeyboardEvent<HTMLElement>): void {
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  if (step === undefined || event.metaKey || event.ctrlKey || event.altKey) return;
  const links = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-row-link]")];
  const here = links.indexOf(document.activeElement as HTMLElement);
  const next = links[here + step];
  if (here < 0 || !next) return;
  event.preventDefault();
  next.focus();
}

/** Asks for more when its end comes near; a button does the same for those who don't scroll. */
function More({ busy, more }: { busy: boolean; more: () => void }) {
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (busy || !end.current || typeof IntersectionObserver === "undefined") return;
    const watch = new IntersectionObserver(([entry]) => entry?.isIntersecting && more(), { rootMargin: "600px" });
    watch.observe(end.current);
    return () => watch.disconnect();
  }, [busy, more]);
  return (
    <Box ref={end} sx={{ display: "grid", placeItems: "center", height: 64 }}>
      <Button onClick={more} loading={busy}>
        Load more
      </Button>
    </Box>
  );
}

interface TableProps {
  leads: Lead[];
  /** Changes when the filters do: what is new is new among these. */
  listKey: string;
  stale: boolean;
  hasMore: boolean;
  loadingMore: boolean;
  loadMore: () => void;
}

export function LeadTable({ leads, listKey, stale, hasMore, loadingMore, loadMore }: TableProps) {
  const fresh = useFresh(leads, stale ? null : listKey);
  return (
    <>
      <Box
        role="table"
        aria-label="Leads"
        aria-busy={stale}
        aria-rowcount={hasMore ? -1 : leads.length + 1}
        onKeyDown={moveBetweenRows}
        sx={{ opacity: stale ? 0.55 : 1, transition: "opacity 120ms" }}
      >
        <Box role="rowgroup">
          <Head />
        </Box>
        <Box role="rowgroup">
          {leads.map((lead) => (
            <LeadRow key={lead.id} lead={lead} fresh={fresh.has(lead.id)} />
          ))}
        </Box>
      </Box>
      <Box
        role="status"
        aria-live="polite"
        sx={{ position: "absolute", width: 1, height: 1, overflow: "hidden", clipPath: "inset(50%)" }}
        style={{ width: 1, height: 1 }}
      >
        {fresh.size > 0 ? `${fresh.size} new ${fresh.size === 1 ? "lead" : "leads"}` : ""}
      </Box>
      {hasMore && <More busy={loadingMore} more={loadMore} />}
    </>
  );
}
