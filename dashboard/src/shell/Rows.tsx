/** Lists of a few things with what can be done to each: the settings' way of showing them, on every width. */
import { Box, Skeleton } from "@mui/material";
import type { ReactNode } from "react";

const ROW_HEIGHT = 60;

export function Rows({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Box component="ul" aria-label={label} sx={{ listStyle: "none", m: 0, p: 0 }}>
      {children}
    </Box>
  );
}

interface RowProps {
  title: ReactNode;
  tags?: ReactNode;
  about?: ReactNode;
  actions?: ReactNode;
  faded?: boolean;
}

/** What it is, what is said of it, and on the right what can be done. */
export function Row({ title, tags, about, actions, faded = false }: RowProps) {
  return (
    <Box
      component="li"
      sx={{
        display: "flex",
        alignItems: "center",
        columnGap: 2,
        rowGap: 0.5,
        flexWrap: { xs: "wrap", sm: "nowrap" },
        minHeight: ROW_HEIGHT,
        py: 1,
        borderBottom: 1,
        borderColor: "divider",
        "&:last-of-type": { borderBottom: 0 },
      }}
    >
      <Box sx={{ flex: 1, minWidth: { xs: 1, sm: 0 } }}>
        <Box sx={{ display: "flex", alignItems: "center", gap: 1, flexWrap: "wrap" }}>
          <Box
            component="span"
            sx={{
              fontSize: "0.8125rem",
              fontWeight: 550,
              overflowWrap: "anywhere",
              color: faded ? "text.secondary" : "text.primary",
            }}
          >
            {title}
          </Box>
          {tags}
        </Box>
        <Box sx={{ fontSize: "0.75rem", color: "text.secondary", overflowWrap: "anywhere", mt: 0.25 }}>{about}</Box>
      </Box>
      {actions && <Box sx={{ display: "flex", gap: 0.5, flexShrink: 0, ml: { xs: -1.5, sm: 0 } }}>{actions}</Box>}
    </Box>
  );
}

/** As high as the rows that are to come. */
export function RowsLoading({ label, count = 3 }: { label: string; count?: number }) {
  return (
    <Box role="status" aria-label={label}>
      {Array.from({ length: count }, (_, index) => (
        <Box key={index} sx={{ minHeight: ROW_HEIGHT, py: 1.25, borderBottom: 1, borderColor: "divider" }}>
          <Skeleton width={`${28 + ((index * 11) % 20)}%`} />
          <Skeleton width={`${42 + ((index * 7) % 18)}%`} height={14} />
        </Box>
      ))}
    </Box>
  );
}
