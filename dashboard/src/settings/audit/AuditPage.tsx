/** Who did what, from where, and what came of it. */
import { Box, Button } from "@mui/material";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { ScrollText, SearchX } from "lucide-react";
import { useMemo } from "react";
import type { AuditItem } from "../../api/types";
import { canManageUsers, useMe } from "../../auth";
import { Card } from "../../shell/Card";
import { sentence } from "../../shell/names";
import { Page } from "../../shell/Page";
import { RelativeTime } from "../../shell/RelativeTime";
import { Row, Rows, RowsLoading } from "../../shell/Rows";
import { EmptyState, ErrorState } from "../../shell/States";
import { Tag } from "../../shell/Tag";
import { useTitle } from "../../shell/useTitle";
import { Allowed } from "../Allowed";
import { useUsers } from "../users/queries";
import { AuditFilterBar } from "./AuditFilterBar";
import { type AuditFilters, isFiltered, readAuditFilters } from "./filters";
import { useAudit } from "./queries";

const TONE = { done: "good", refused: "open", failed: "bad" } as const;

function Entry({ entry, actor }: { entry: AuditItem; actor: string }) {
  return (
    <Row
      title={`${actor}: ${sentence(entry.action).toLowerCase()}`}
      tags={<Tag tone={TONE[entry.outcome]}>{entry.status ? `${entry.outcome} (${entry.status})` : entry.outcome}</Tag>}
      about={
        <>
          <RelativeTime at={entry.at} />
          {entry.object && ` · ${entry.object}`}
          {entry.address && ` · from ${entry.address}`}
          {entry.detail && ` · ${entry.detail}`}
        </>
      }
    />
  );
}

/** A user's name where the log has an id: one's own, and those of the users that are known. */
function useActors(): (actor: string) => string {
  const { data: me } = useMe();
  const { data: users } = useUsers();
  return useMemo(() => {
    const names = new Map(users?.pages.flatMap((page) => page.items).map(({ id, name }) => [id, name]));
    if (me) names.set(me.id, me.name);
    return (actor) => names.get(actor) ?? sentence(actor);
  }, [me, users]);
}

function Log({ filters, clear }: { filters: AuditFilters; clear: () => void }) {
  const { data, error, isPending, isPlaceholderData, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } =
    useAudit(filters);
  const nameOf = useActors();
  const entries = data?.pages.flatMap((page) => page.items) ?? [];
  if (isPending) return <RowsLoading label="Loading the audit log" count={8} />;
  if (!data) return <ErrorState error={error} retry={() => void refetch()} compact />;
  if (entries.length === 0) {
    return isFiltered(filters) ? (
      <EmptyState icon={<SearchX size={24} />} title="No entry matches">
        Filters match whole words, such as create_source or leads/… with the whole id.
        <Box sx={{ mt: 1.5 }}>
          <Button onClick={clear}>Show all entries</Button>
        </Box>
      </EmptyState>
    ) : (
      <EmptyState icon={<ScrollText size={24} />} title="Nothing was done yet" />
    );
  }
  return (
    <Box aria-busy={isPlaceholderData} sx={{ opacity: isPlaceholderData ? 0.55 : 1, transition: "opacity 120ms" }}>
      <Rows label="Audit log">
        {entries.map((entry) => (
          <Entry key={entry.id} entry={entry} actor={nameOf(entry.actor)} />
        ))}
      </Rows>
      {hasNextPage && (
        <Box sx={{ display: "grid", placeItems: "center", pt: 1.5 }}>
          <Button loading={isFetchingNextPage} onClick={() => void fetchNextPage({ cancelRefetch: false })}>
            More
          </Button>
        </Box>
      )}
    </Box>
  );
}

function AuditLog() {
  const search = useSearch({ from: "/app/settings/audit" });
  const filters = useMemo(() => readAuditFilters(search), [search]);
  const navigate = useNavigate();
  const change = (next: AuditFilters) =>
    void navigate({ to: "/settings/audit", search: next, replace: true, resetScroll: false });
  return (
    <Page title="Audit log" intro="Who did what, from where, and what came of it. The newest first.">
      <AuditFilterBar key={JSON.stringify(filters)} filters={filters} onChange={change} />
      <Card title="Entries">
        <Log filters={filters} clear={() => change({})} />
      </Card>
    </Page>
  );
}

export function AuditPage() {
  useTitle("Audit log");
  return (
    <Allowed may={canManageUsers}>
      <AuditLog />
    </Allowed>
  );
}
