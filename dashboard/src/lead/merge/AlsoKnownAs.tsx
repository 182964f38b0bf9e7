import { Alert, Box, Button, Skeleton, Typography } from "@mui/material";
import { Undo2 } from "lucide-react";
import { useState } from "react";
import type { Lead } from "../../api/types";
import { Card } from "../../shell/Card";
import { FormDialog } from "../../shell/FormDialog";
import { leadName } from "../../shell/names";
import { notify } from "../../shell/notices";
import { MONO } from "../../shell/theme";
import { useUnmerge } from "./commands";
import { shortId } from "./compare";
import { useAlone } from "./queries";
import { refusal } from "./words";

const SHOWN_AT_FIRST = 5;

/** What to call a merged lead of which nothing more may be known than that there is one. */
const called = (alone: Lead | undefined, id: string): string => (alone ? leadName(alone) : `Lead ${shortId(id)}`);

interface PartedProps {
  stays: Lead;
  id: string;
  name: string;
  close: () => void;
}

function TakeBackDialog({ stays, id, name, close }: PartedProps) {
  const { mutate, isPending, error } = useUnmerge(() => notify(`${name} is a lead of its own again.`));
  return (
    <FormDialog
      title="Take the merge back?"
      action="Take it back"
      busy={isPending}
      error={error}
      said
      onSubmit={() => mutate({ stays, ends: id }, { onSuccess: close })}
      close={() => !isPending && close()}
    >
      {error && <Alert severity="error">{refusal(error, "Not taken back")}</Alert>}
      <Box sx={{ fontSize: "0.8125rem" }}>
        <strong>{name}</strong> becomes a lead of its own again, with all that it brought to {leadName(stays)}. An
        owner, a status and tags that came along go with it, unless they were changed since.
      </Box>
    </FormDialog>
  );
}

/** One of them: as much as is known of it by itself, which may be nothing, as with a lead that is somebody else's. */
function Merged({ stays, id, editable }: { stays: Lead; id: string; editable: boolean }) {
  const { data: alone, isPending } = useAlone(id, stays.updated_at);
  const [asking, setAsking] = useState(false);
  const name = called(alone, id);
  const known = [alone?.email === name ? null : alone?.email, alone?.phone, alone?.company].filter(Boolean);
  const others = alone?.merged.length ?? 0;
  return (
    <Box
      component="li"
      sx={{ py: 1, borderTop: 1, borderColor: "divider", "&:first-of-type": { borderTop: 0, pt: 0 } }}
    >
      <Typography variant="body2" sx={{ fontWeight: 550, overflowWrap: "anywhere" }}>
        {isPending ? <Skeleton width={120} /> : name}
      </Typography>
      <Box sx={{ fontSize: "0.75rem", color: "text.secondary", overflowWrap: "anywhere" }}>
        {known.map((value) => (
          <div key={value}>{value}</div>
        ))}
        {alone && (
          <Box component="span" title={id} sx={{ fontFamily: MONO }}>
            {shortId(id)}
          </Box>
        )}
        {others > 0 && ` · with ${others} merged into it before`}
      </Box>
      {editable && (
        <Button
          startIcon={<Undo2 size={14} />}
          aria-label={`Take the merge with ${name} back`}
          onClick={() => setAsking(true)}
          sx={{ mt: 0.25, ml: -1.5 }}
        >
          Take the merge back
        </Button>
      )}
      {asking && <TakeBackDialog stays={stays} id={id} name={name} close={() => setAsking(false)} />}
    </Box>
  );
}

/** The leads that this one took in: nothing where there are none. */
export function AlsoKnownAs({ lead, editable }: { lead: Lead; editable: boolean }) {
  const [all, setAll] = useState(false);
  if (lead.merged.length === 0) return null;
  const shown = all ? lead.merged : lead.merged.slice(0, SHOWN_AT_FIRST);
  return (
    <Card title="Also known as" testId="also-known-as">
      <Box component="ul" aria-label="Leads merged into this one" sx={{ listStyle: "none", m: 0, p: 0 }}>
        {shown.map((id) => (
          <Merged key={id} stays={lead} id={id} editable={editable} />
        ))}
      </Box>
      {shown.length < lead.merged.length && <Button onClick={() => setAll(true)}>Show all {lead.merged.length}</Button>}
    </Card>
  );
}
