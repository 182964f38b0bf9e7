import { Box, Button, Dialog, DialogActions, DialogContent, DialogTitle, Typography } from "@mui/material";
import { useId, useState } from "react";
import type { Cause, Rejection } from "../../api/types";
import { RelativeTime } from "../../shell/RelativeTime";
import { Row, Rows, RowsLoading } from "../../shell/Rows";
import { ErrorState } from "../../shell/States";
import { MONO } from "../../shell/theme";
import { groupOf, useGroup, useRejection } from "./queries";

const pre = {
  m: 0,
  p: 1.25,
  borderRadius: 1.5,
  bgcolor: "action.hover",
  fontFamily: MONO,
  fontSize: "0.75rem",
  whiteSpace: "pre-wrap",
  overflowWrap: "anywhere",
  maxHeight: 280,
  overflowY: "auto",
} as const;

/** What came in, as far as one may see it. */
function Came({ id }: { id: string }) {
  const { data, error, isPending, refetch } = useRejection(id);
  if (isPending) return <RowsLoading label="Opening it" count={1} />;
  if (!data) return <ErrorState error={error} retry={() => void refetch()} compact />;
  return (
    <Box sx={{ display: "grid", gap: 1, py: 1 }}>
      <Typography variant="h2">{data.raw === null ? "The message" : "What was sent"}</Typography>
      <Box component="pre" tabIndex={0} aria-label="What came in" sx={pre}>
        {data.raw ??
          (data.body === null
            ? "It is kept, and shown to those who may repair it."
            : JSON.stringify(data.body, null, 2))}
      </Box>
    </Box>
  );
}

function Line({ rejection, open, toggle }: { rejection: Rejection; open: boolean; toggle: () => void }) {
  return (
    <>
      <Row
        title={rejection.event_type ?? rejection.topic}
        about={
          <>
            <RelativeTime at={rejection.created_at} /> · {rejection.position}
            {rejection.source_id && ` · source ${rejection.source_id}`}
            {rejection.refused && ` · not repaired: ${rejection.refused}`}
          </>
        }
        actions={
          <Button aria-expanded={open} onClick={toggle}>
            {open ? "Hide" : "What came in"}
          </Button>
        }
      />
      {open && (
        <Box component="li" sx={{ listStyle: "none" }}>
          <Came id={rejection.id} />
        </Box>
      )}
    </>
  );
}

function Lines({ cause }: { cause: Cause }) {
  const { data, error, isPending, refetch } = useGroup(groupOf(cause));
  const [shown, setShown] = useState<string | null>(null);
  if (isPending) return <RowsLoading label="Loading rejections" />;
  if (!data) return <ErrorState error={error} retry={() => void refetch()} compact />;
  return (
    <Rows label="Rejections">
      {data.items.map((one) => (
        <Line
          key={one.id}
          rejection={one}
          open={shown === one.id}
          toggle={() => setShown(shown === one.id ? null : one.id)}
        />
      ))}
    </Rows>
  );
}

/** The newest of a group, and what came in. */
export function GroupDialog({ cause, close }: { cause: Cause; close: () => void }) {
  const id = useId();
  return (
    <Dialog open onClose={close} fullWidth maxWidth="md" aria-labelledby={id}>
      <DialogTitle id={id} sx={{ fontSize: "1rem", pb: 1, overflowWrap: "anywhere" }}>
        {cause.reason}
      </DialogTitle>
      <DialogContent>
        <Lines cause={cause} />
      </DialogContent>
      <DialogActions sx={{ px: 3, pb: 2 }}>
        <Button variant="contained" onClick={close}>
          Done
        </Button>
      </DialogActions>
    </Dialog>
  );
}
