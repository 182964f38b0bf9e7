/** What is known about the person and where they came from. Unknown stays a dash, never invented. */
import { Box, IconButton, Tooltip, Typography } from "@mui/material";
import { Pencil } from "lucide-react";
import { Fragment, type ReactNode, useState } from "react";
import type { Lead } from "../api/types";
import { Card } from "../shell/Card";
import { plainText, sentence } from "../shell/names";
import { exactTime } from "../shell/time";
import { EditDialog } from "./EditDialog";

interface Fact {
  label: string;
  value: ReactNode;
}

/** Label and value side by side; `wide` for questions, whose answer stands below. */
function Facts({ facts, wide = false }: { facts: Fact[]; wide?: boolean }) {
  return (
    <Box component="dl" sx={{ m: 0, display: "grid", gap: wide ? 1.25 : 0.75, fontSize: "0.8125rem" }}>
      {facts.map(({ label, value }, index) => (
        <Box key={index} sx={wide ? {} : { display: "grid", gridTemplateColumns: "92px minmax(0, 1fr)", gap: 1 }}>
          <Box component="dt" sx={{ color: "text.secondary", overflowWrap: "anywhere" }}>
            {label}
          </Box>
          <Box component="dd" sx={{ m: 0, overflowWrap: "anywhere" }}>
            {value}
          </Box>
        </Box>
      ))}
    </Box>
  );
}

const link = (scheme: "mailto" | "tel", value: string | null): ReactNode =>
  value ? (
    <a href={`${scheme}:${value.replaceAll(/\s/g, "")}`}>
      {value.split("@").map((part, index) => (
        <Fragment key={index}>
          {index > 0 && (
            <>
              @<wbr />
            </>
          )}
          {part}
        </Fragment>
      ))}
    </a>
  ) : (
    "—"
  );

const asFacts = (values: Record<string, unknown>): Fact[] =>
  Object.entries(values).map(([label, value]) => ({ label: sentence(label), value: plainText(value) }));

function consentFacts({ consent, consents, awaits_confirmation }: Lead): Fact[] {
  const unknown = awaits_confirmation ? "Not confirmed yet" : "Not asked";
  const overall = consent === null ? unknown : consent ? "Given" : "Refused";
  const each = Object.entries(consents).map(([purpose, given]) => ({
    label: sentence(purpose),
    value: given ? "Given" : "Refused",
  }));
  const awaited = { label: "By mail", value: "Confirmation awaited" };
  return [{ label: "In general", value: overall }, ...each, ...(awaits_confirmation ? [awaited] : [])];
}

export function Details({ lead, editable }: { lead: Lead; editable: boolean }) {
  const [editing, setEditing] = useState(false);
  const contact: Fact[] = [
    { label: "Email", value: link("mailto", lead.email) },
    { label: "Phone", value: link("tel", lead.phone) },
    { label: "Company", value: plainText(lead.company) },
    { label: "Source", value: lead.source ? sentence(lead.source) : "—" },
    { label: "Created", value: exactTime(lead.created_at) },
    ...asFacts(lead.custom),
  ];
  const edit = editable && (
    <Tooltip title="Edit details">
      <IconButton size="small" aria-label="Edit details" onClick={() => setEditing(true)}>
        <Pencil size={14} />
      </IconButton>
    </Tooltip>
  );
  return (
    <>
      <Card title="Details" action={edit}>
        <Facts facts={contact} />
      </Card>
      <Card title="Answers">
        {Object.keys(lead.answers).length > 0 ? (
          <Facts facts={asFacts(lead.answers)} wide />
        ) : (
          <Typography variant="body2" sx={{ color: "text.secondary" }}>
            The form asked nothing else.
          </Typography>
        )}
      </Card>
      {Object.keys(lead.campaign).length > 0 && (
        <Card title="Campaign">
          <Facts facts={asFacts(lead.campaign)} />
        </Card>
      )}
      <Card title="Consent">
        <Facts facts={consentFacts(lead)} />
      </Card>
      {editing && <EditDialog lead={lead} close={() => setEditing(false)} />}
    </>
  );
}
