import {
  Alert,
  Box,
  Button,
  Dialog,
  DialogActions,
  DialogContent,
  DialogTitle,
  Skeleton,
  Typography,
} from "@mui/material";
import { useNavigate } from "@tanstack/react-router";
import { ArrowLeftRight } from "lucide-react";
import { type ReactNode, useId, useState } from "react";
import type { Lead } from "../../api/types";
import { leadName } from "../../shell/names";
import { notify } from "../../shell/notices";
import { useLead } from "../queries";
import { useMerge } from "./commands";
import { Comparison } from "./Comparison";
import { FindLead } from "./FindLead";
import { refusal } from "./words";

interface FrameProps {
  title: string;
  busy?: boolean;
  close: () => void;
  actions?: ReactNode;
  children: ReactNode;
}

/** Can't be closed while something is under way: it would come about all the same. */
function Frame({ title, busy = false, close, actions, children }: FrameProps) {
  const id = useId();
  return (
    <Dialog
      open
      onClose={() => !busy && close()}
      fullWidth
      maxWidth="sm"
      aria-labelledby={id}
      slotProps={{
        paper: { sx: { m: { xs: 1.5, sm: 4 }, width: { xs: "calc(100% - 24px)", sm: "calc(100% - 64px)" } } },
      }}
    >
      <DialogTitle id={id} sx={{ fontSize: "1rem", pb: 1, px: { xs: 2, sm: 3 }, overflowWrap: "anywhere" }}>
        {title}
      </DialogTitle>
      <DialogContent
        sx={{
          display: "grid",
          gap: 2,
          px: { xs: 2, sm: 3 },
          pt: "8px !important",
          gridTemplateColumns: "minmax(0, 1fr)",
        }}
      >
        {children}
      </DialogContent>
      <DialogActions sx={{ px: { xs: 2, sm: 3 }, pb: 2, flexWrap: "wrap", rowGap: 1 }}>
        <Button color="inherit" onClick={close} disabled={busy}>
          Cancel
        </Button>
        {actions}
      </DialogActions>
    </Dialog>
  );
}

interface BetweenProps {
  lead: Lead;
  other: Lead;
  back: () => void;
  close: () => void;
}

/** Both are known: which one stays, what it will show, and the last word. */
function Between({ lead, other, back, close }: BetweenProps) {
  const [swapped, setSwapped] = useState(false);
  const [stays, ends] = swapped ? [other, lead] : [lead, other];
  const navigate = useNavigate();
  const { mutate, error, isPending, reset } = useMerge(() => notify(`Merged into ${leadName(stays)}.`));

  function merge() {
    mutate(
      { stays: stays.id, ends: ends.id },
      {
        onSuccess: () => {
          close();
          if (stays.id !== lead.id) void navigate({ to: "/leads/$id", params: { id: stays.id }, replace: true });
        },
      },
    );
  }

  return (
    <Frame
      title="Are they one person?"
      busy={isPending}
      close={close}
      actions={
        <>
          <Button color="inherit" onClick={back} disabled={isPending}>
            Choose another
          </Button>
          <Button variant="contained" onClick={merge} loading={isPending} sx={{ overflowWrap: "anywhere" }}>
            Merge into {leadName(stays)}
          </Button>
        </>
      }
    >
      <Comparison lead={lead} other={other} swapped={swapped} />
      <Button
        variant="outlined"
        color="inherit"
        disabled={isPending}
        startIcon={<ArrowLeftRight size={14} />}
        onClick={() => {
          reset();
          setSwapped(!swapped);
        }}
        sx={{ justifySelf: "start" }}
      >
        {swapped ? "Let this lead stay" : "Let the other lead stay"}
      </Button>
      <Typography variant="body2" sx={{ color: "text.secondary" }}>
        <strong>{leadName(ends)}</strong> ends as a lead of its own and goes on as <strong>{leadName(stays)}</strong>,
        whose details stay; the other’s fill in what is unknown. Notes, tasks, tags, answers and messages come along,
        and what arrives later from either address is found here. You can take this back on the page of the lead that
        stays.
      </Typography>
      {error && <Alert severity="error">{refusal(error, "Not merged")}</Alert>}
    </Frame>
  );
}

function Compare({ lead, other: id, back, close }: Omit<BetweenProps, "other"> & { other: string }) {
  const { data: other, error } = useLead(id);
  if (other && other.id !== lead.id) return <Between lead={lead} other={other} back={back} close={close} />;
  const another = <Button onClick={back}>Choose another</Button>;
  return (
    <Frame title="Are they one person?" close={close} actions={another}>
      {other && <Alert severity="info">These two are one lead already.</Alert>}
      {error && <Alert severity="error">{refusal(error, "Not to be compared")}</Alert>}
      {!other && !error && (
        <Box role="status" aria-label="Loading the other lead">
          <Skeleton height={64} />
          <Skeleton variant="rounded" height={240} />
        </Box>
      )}
    </Frame>
  );
}

interface MergeProps {
  lead: Lead;
  /** The lead to compare with; null: still to be found. */
  other: string | null;
  close: () => void;
}

/** Finds the lead that is the same person, shows both, and makes them one. */
export function MergeDialog({ lead, other, close }: MergeProps) {
  const [picked, setPicked] = useState(other);
  if (picked !== null) return <Compare lead={lead} other={picked} back={() => setPicked(null)} close={close} />;
  return (
    <Frame title={`Merge ${leadName(lead)} with…`} close={close}>
      <FindLead lead={lead.id} onPick={setPicked} />
    </Frame>
  );
}
