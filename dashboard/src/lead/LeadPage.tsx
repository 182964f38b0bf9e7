/** One lead: who it is, what it is worth and why, what happened, and how it got here. */
import { Box, Button, Skeleton, Tab, Tabs } from "@mui/material";
import { useParams } from "@tanstack/react-router";
import { Ghost } from "lucide-react";
import { type SyntheticEvent, useState } from "react";
import { ProblemError } from "../api/problem";
import { canEdit, canErase, useMe } from "../auth";
import { Receipt } from "../scoring";
import { Anchor } from "../shell/Anchor";
import { leadName } from "../shell/names";
import { EmptyState, ErrorState } from "../shell/States";
import { useTitle } from "../shell/useTitle";
import { Details } from "./Details";
import { LeadHeader } from "./LeadHeader";
import { AlsoKnownAs, DuplicateHint, MergeDialog } from "./merge";
import { Messages } from "./Messages";
import { useLead, useWhereItWent } from "./queries";
import { Timeline } from "./Timeline";
import { TracePanel } from "./TracePanel";

const TABS = { timeline: "Timeline", messages: "Messages", trace: "How it got here" } as const;
type TabName = keyof typeof TABS;

function Story({ id, editable }: { id: string; editable: boolean }) {
  const [tab, setTab] = useState<TabName>("timeline");
  return (
    <Box sx={{ minWidth: 0 }}>
      <Tabs
        value={tab}
        onChange={(_: SyntheticEvent, next: TabName) => setTab(next)}
        aria-label="About this lead"
        variant="scrollable"
        scrollButtons={false}
        sx={{
          minHeight: 36,
          mb: 2,
          borderBottom: 1,
          borderColor: "divider",
          "& .MuiTab-root": { minHeight: 36, minWidth: 0, px: 0, mr: 2.5, fontSize: "0.8125rem" },
        }}
      >
        {Object.entries(TABS).map(([name, label]) => (
          <Tab key={name} value={name} label={label} id={`tab-${name}`} aria-controls={`panel-${name}`} />
        ))}
      </Tabs>
      <Box role="tabpanel" id={`panel-${tab}`} aria-labelledby={`tab-${tab}`}>
        {tab === "timeline" && <Timeline id={id} editable={editable} />}
        {tab === "messages" && <Messages id={id} />}
        {tab === "trace" && <TracePanel id={id} />}
      </Box>
    </Box>
  );
}

function Loading() {
  return (
    <Box role="status" aria-label="Loading the lead" sx={{ px: { xs: 2, md: 3 }, pt: 5 }}>
      <Skeleton width={240} height={40} />
      <Skeleton width={160} />
      <Skeleton variant="rounded" height={320} sx={{ mt: 4 }} />
    </Box>
  );
}

function Missing() {
  return (
    <EmptyState icon={<Ghost size={24} />} title="This lead does not exist">
      It may have been erased, or the address is not right.
      <Box sx={{ mt: 1.5 }}>
        <Anchor to="/leads" search={{}}>
          <Button component="span">All leads</Button>
        </Anchor>
      </Box>
    </EmptyState>
  );
}

/** Of which lead, and with whom (null: to be found). */
interface Merging {
  lead: string;
  other: string | null;
}

export function LeadPage() {
  const { id: address } = useParams({ from: "/app/leads/$id" });
  const { data: lead, error, isPending, refetch } = useLead(address);
  const { data: me } = useMe();
  const [merging, setMerging] = useState<Merging | null>(null);
  useWhereItWent(address, lead);
  useTitle(lead ? leadName(lead) : "Lead");

  if (isPending) return <Loading />;
  if (error instanceof ProblemError && (error.status === 404 || error.status === 410)) return <Missing />;
  if (!lead) return <ErrorState error={error} retry={() => void refetch()} />;
  const editable = canEdit(me);
  const { id } = lead; // not the address, where that is a merged lead's
  const merge = (other: string | null) => setMerging({ lead: id, other });
  return (
    <>
      <LeadHeader lead={lead} editable={editable} erasable={canErase(me)} onMerge={() => merge(null)} />
      <DuplicateHint lead={id} editable={editable} onCompare={merge} />
      <Box
        sx={{
          display: "grid",
          gridTemplateColumns: { xs: "minmax(0, 1fr)", lg: "minmax(0, 1fr) 340px" },
          gridTemplateAreas: { xs: '"score" "story" "facts"', lg: '"story score" "story facts"' },
          gridTemplateRows: { lg: "auto 1fr" },
          columnGap: 3,
          rowGap: 2,
          px: { xs: 2, md: 3 },
          py: 2.5,
          alignItems: "start",
        }}
      >
        <Box sx={{ gridArea: "score" }}>
          <Receipt lead={id} />
        </Box>
        <Box sx={{ gridArea: "story", minWidth: 0 }}>
          <Story key={id} id={id} editable={editable} />
        </Box>
        <Box component="aside" aria-label="Facts" sx={{ gridArea: "facts", display: "grid", gap: 2, minWidth: 0 }}>
          <AlsoKnownAs lead={lead} editable={editable} />
          <Details lead={lead} editable={editable} />
        </Box>
      </Box>
      {merging?.lead === id && <MergeDialog lead={lead} other={merging.other} close={() => setMerging(null)} />}
    </>
  );
}
