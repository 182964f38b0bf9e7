import { Alert, Box, Button, IconButton, Skeleton, Tooltip } from "@mui/material";
import { Undo2 } from "lucide-react";
import { useState } from "react";
import type { Lead } from "../../api/types";
import { Card } from "../../shell/Card";
import { FormDialog } from "../../shell/FormDialog";
import { leadName } from "../../shell/names";
import { notify } from "../../shell/notices";
import { Row, Rows } from "../../shell/Rows";
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
      onSubmit={() => mutate({ stays: stays.id, ends: id }, { onSuccess: close })}
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
  const known = [alone?.email === name ? null : alone?.email, alone?.phone, alone?.company].filter(Boolean).join(" · ");
  const others = alone?.merged.length ?? 0;
  return (
    <>
      <Row
        title={isPending ? <Skeleton width={120} /> : name}
        about={
          <>
            {known && (
              <Box component="span" sx={{ display: "block" }}>
                {known}
              </Box>
            )}
            <Box component="span" title={id} sx={{ fontFamily: MONO }}>
              {shortId(id)}
            </Box>
            {others > 0 && ` · with ${others} merged into it before`}
          </>
        }
        actions={
          editable && (
            <Tooltip title="Take the merge back">
              <IconButton size="small" aria-label={`Take the merge with ${name} back`} onClick={() => setAsking(true)}>
                <Undo2 size={15} />
              </IconButton>
            </Tooltip>
          )
        }
      />
      {asking && <TakeBackDialog stays={stays} id={id} name={name} close={() => setAsking(false)} />}
    </>
  );
}

/** The leads that this one took in: nothing where there are none. */
export function AlsoKnownAs({ lead, editable }: { lead: Lead; editable: boolean }) {
  const [all, setAll] = useState(false);
  if (lead.merged.length === 0) return null;
  const shown = all ? lead.merged : lead.merged.slice(0, SHOWN_AT_FIRST);
  return (
    <Card title="Also known as" testId="also-known-as">
      <Rows label="Leads merged into this one">
        {shown.map((id) => (
          <Merged key={id} stays={lead} id={id} editable={editable} />
        ))}
      </Rows>
      {shown.length < lead.merged.length && <Button onClick={() => setAll(true)}>Show all {lead.merged.length}</Button>}
    </Card>
  );
}
