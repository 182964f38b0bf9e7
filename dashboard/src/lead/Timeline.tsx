import { Box, Button, Skeleton, Typography } from "@mui/material";
import { useMutationState } from "@tanstack/react-query";
import { History } from "lucide-react";
import { useMemo } from "react";
import type { TimelineItem } from "../api/types";
import { useNameOf } from "../people";
import { EmptyState, ErrorState } from "../shell/States";
import { dayTitle } from "../shell/time";
import { useNow } from "../shell/useNow";
import { type NewNote, noteKey } from "./commands";
import { isNote } from "./describe";
import { NoteBox } from "./NoteBox";
import { useTimeline } from "./queries";
import { PendingNote, TimelineEntry } from "./TimelineEntry";

/** Notes that were sent and that the timeline doesn't show yet. */
function usePendingNotes(id: string, items: readonly TimelineItem[]): NewNote[] {
  const sent = useMutationState({
    filters: { mutationKey: noteKey(id), predicate: ({ state }) => state.status !== "error" },
    select: (mutation) => mutation.state.variables as NewNote,
  });
  const shown = (note: NewNote) =>
    items.some((item) => isNote(item) && item.text?.trim() === note.text && !note.known.includes(item.id));
  return sent.filter((note) => !shown(note)).reverse();
}

/** Items under the day they happened on, newest first. */
export function byDay(items: readonly TimelineItem[], now: number): [string, TimelineItem[]][] {
  const days = new Map<string, TimelineItem[]>();
  for (const item of items) {
    const day = dayTitle(item.at, now);
    const there = days.get(day);
    if (there) there.push(item);
    else days.set(day, [item]);
  }
  return [...days];
}

export function Timeline({ id, editable }: { id: string; editable: boolean }) {
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useTimeline(id);
  const items = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data]);
  const pending = usePendingNotes(id, items);
  const nameOf = useNameOf();
  const now = useNow();
  const days = byDay(items, now);

  return (
    <Box data-testid="timeline">
      {editable && <NoteBox id={id} known={items.filter(isNote).map((item) => item.id)} />}
      {isPending && Array.from({ length: 5 }, (_, index) => <Skeleton key={index} height={48} />)}
      {error && !data && <ErrorState error={error} retry={() => void refetch()} compact />}
      {data && items.length === 0 && pending.length === 0 && (
        <EmptyState icon={<History size={22} />} title="Nothing has happened yet">
          Everything that happens to this lead is listed here, in order.
        </EmptyState>
      )}
      <Box
        component="ol"
        aria-label="Just written"
        sx={{ listStyle: "none", m: 0, p: 0 }}
        hidden={pending.length === 0}
      >
        {pending.map((note) => (
          <PendingNote key={note.key} text={note.text} />
        ))}
      </Box>
      {days.map(([day, entries]) => (
        <Box key={day} component="section" aria-label={day}>
          <Typography
            variant="caption"
            component="h3"
            sx={{ display: "block", color: "text.secondary", fontWeight: 600, mt: 2, mb: 1 }}
          >
            {day}
          </Typography>
          <Box component="ol" sx={{ listStyle: "none", m: 0, p: 0 }}>
            {entries.map((item) => (
              <TimelineEntry key={item.id} item={item} nameOf={nameOf} />
            ))}
          </Box>
        </Box>
      ))}
      {hasNextPage && (
        <Button onClick={() => void fetchNextPage()} loading={isFetchingNextPage}>
          Show earlier
        </Button>
      )}
    </Box>
  );
}
