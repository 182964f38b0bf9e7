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
import { useRouter } from "@tanstack/react-router";
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

/** What all steps have of the dialog that they stand in. */
interface Frame {
  titleId: string;
  busy: boolean;
  close: () => void;
}

interface StepProps {
  frame: Frame;
  title: string;
  actions?: ReactNode;
  children: ReactNode;
}

function Step({ frame: { titleId, busy, close }, title, actions, children }: StepProps) {
  return (
    <>
      <DialogTitle id={titleId} sx={{ fontSize: "1rem", pb: 1, px: { xs: 2, sm: 3 }, overflowWrap: "anywhere" }}>
        {title}
      </DialogTitle>
      <DialogContent sx={{ px: { xs: 2, sm: 3 }, pt: "8px !important" }}>
        <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: "minmax(0, 1fr)" }}>{children}</Box>
      </DialogContent>
      <DialogActions sx={{ px: { xs: 2, sm: 3 }, pb: 2, flexWrap: "wrap", rowGap: 1 }}>
        <Button color="inherit" onClick={close} disabled={busy}>
          Cancel
        </Button>
        {actions}
      </DialogActions>
    </>
  );
}

type Merge = ReturnType<typeof useMerge>;

interface BetweenProps {
  frame: Frame;
  lead: Lead;
  other: Lead;
  merging: Merge;
  back: () => void;
}

/** Both are known: which one stays, what it will show, and the last word. */
function Between({ frame, lead, other, merging, back }: BetweenProps) {
  const { mutate, error, isPending, reset } = merging;
  const [swapped, setSwapped] = useState(false);
  const [stays, ends] = swapped ? [other, lead] : [lead, other];
  const merge = () => mutate({ stays, ends: ends.id }, { onSuccess: frame.close });

  function swap() {
    reset();
    setSwapped(!swapped);
  }

  const actions = (
    <>
      <Button color="inherit" onClick={back} disabled={isPending}>
        Choose another
      </Button>
      <Button variant="contained" onClick={merge} loading={isPending} sx={{ overflowWrap: "anywhere" }}>
        Merge into {leadName(stays)}
      </Button>
    </>
  );
  return (
    <Step frame={frame} title="Are they one person?" actions={actions}>
      <Comparison lead={lead} other={other} swapped={swapped} />
      <Button
        variant="outlined"
        color="inherit"
        disabled={isPending}
        startIcon={<ArrowLeftRight size={14} />}
        onClick={swap}
        sx={{ justifySelf: "start" }}
      >
        {swapped ? "Let this lead stay" : "Let the other lead stay"}
      </Button>
      <Typography variant="body2" sx={{ color: "text.secondary" }}>
        <strong>{leadName(ends)}</strong> ends as a lead of its own and goes on as <strong>{leadName(stays)}</strong>,
        whose details stay; the other’s fill in what is unknown. Notes, tasks, tags, answers and messages come along,
        and what arrives later from either address lands here. You can take this back on the page of the lead that
        stays.
      </Typography>
      {error && <Alert severity="error">{refusal(error, "Not merged")}</Alert>}
    </Step>
  );
}

function Compare({ other: id, ...rest }: Omit<BetweenProps, "other"> & { other: string }) {
  const { data: other, error } = useLead(id);
  const { frame, lead, back } = rest;
  if (other && other.id !== lead.id) return <Between {...rest} other={other} />;
  return (
    <Step frame={frame} title="Are they one person?" actions={<Button onClick={back}>Choose another</Button>}>
      {other && <Alert severity="info">These two are one lead already.</Alert>}
      {error && <Alert severity="error">{refusal(error, "Not to be compared")}</Alert>}
      {!other && !error && (
        <Box role="status" aria-label="Loading the other lead">
          <Skeleton height={64} />
          <Skeleton variant="rounded" height={240} />
        </Box>
      )}
    </Step>
  );
}

interface MergeProps {
  lead: Lead;
  /** The lead to compare with; null: still to be found. */
  other: string | null;
  close: () => void;
}

/** Finds the lead that is the same person, shows both, and makes them one. What is under way can't be closed: it would come about. */
export function MergeDialog({ lead, other, close }: MergeProps) {
  const titleId = useId();
  const [picked, setPicked] = useState(other);
  const router = useRouter();
  const merging = useMerge(async ({ stays, ends }) => {
    notify(`Merged into ${leadName(stays)}.`);
    if (router.state.location.pathname !== `/leads/${ends}`) return;
    await router.navigate({ to: "/leads/$id", params: { id: stays.id }, replace: true });
  });
  const frame: Frame = { titleId, busy: merging.isPending, close };

  function back() {
    merging.reset();
    setPicked(null);
  }

  return (
    <Dialog
      open
      onClose={() => !merging.isPending && close()}
      fullWidth
      maxWidth="sm"
      aria-labelledby={titleId}
      slotProps={{
        paper: { sx: { m: { xs: 1.5, sm: 4 }, width: { xs: "calc(100% - 24px)", sm: "calc(100% - 64px)" } } },
      }}
    >
      {picked === null ? (
        <Step frame={frame} title={`Merge ${leadName(lead)} with…`}>
          <FindLead lead={lead.id} onPick={setPicked} />
        </Step>
      ) : (
        <Compare frame={frame} lead={lead} other={picked} merging={merging} back={back} />
      )}
    </Dialog>
  );
}
