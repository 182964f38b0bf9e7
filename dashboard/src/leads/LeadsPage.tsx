/** Every lead, newest first, live. */
import { Box, Button, Typography } from "@mui/material";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Inbox, SearchX } from "lucide-react";
import { useMemo } from "react";
import { EmptyState, ErrorState } from "../shell/States";
import { useTitle } from "../shell/useTitle";
import { isFiltered, type LeadFilters, readFilters } from "./filters";
import { LeadTable, SkeletonRows } from "./LeadTable";
import { Overview } from "./Overview";
import { flatten, useLeads } from "./queries";
import { Toolbar } from "./Toolbar";

function NoLeads({ filters, clear }: { filters: LeadFilters; clear: () => void }) {
  if (isFiltered(filters)) {
    return (
      <EmptyState icon={<SearchX size={24} />} title="No lead matches">
        Try fewer filters or another spelling.
        <Box sx={{ mt: 1.5 }}>
          <Button onClick={clear}>Show all leads</Button>
        </Box>
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={<Inbox size={24} />} title="No leads yet">
      As soon as a form is sent to one of your sources, the lead shows up here. There is no need to reload.
    </EmptyState>
  );
}

export function LeadsPage() {
  useTitle("Leads");
  const search = useSearch({ from: "/app/leads" });
  const filters = useMemo(() => readFilters(search), [search]);
  const navigate = useNavigate();
  const { data, error, isPending, isPlaceholderData, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } =
    useLeads(filters);
  const leads = useMemo(() => flatten(data?.pages ?? []), [data]);
  const change = (next: LeadFilters) =>
    void navigate({ to: "/leads", search: next, replace: true, resetScroll: false });

  return (
    <>
      <Typography variant="h1" sx={{ px: { xs: 2, md: 3 }, pt: { xs: 2, md: 2.5 }, pb: 1 }}>
        Leads
      </Typography>
      <Overview />
      <Toolbar filters={filters} onChange={change} />
      {isPending && <SkeletonRows count={12} />}
      {error && !data && <ErrorState error={error} retry={() => void refetch()} />}
      {data && leads.length === 0 && !isPlaceholderData && <NoLeads filters={filters} clear={() => change({})} />}
      {leads.length > 0 && (
        <LeadTable
          leads={leads}
          listKey={JSON.stringify(filters)}
          stale={isPlaceholderData}
          hasMore={hasNextPage}
          loadingMore={isFetchingNextPage}
          loadMore={() => void fetchNextPage({ cancelRefetch: false })}
        />
      )}
    </>
  );
}
