import { Box, Tooltip, Typography } from "@mui/material";
import {
  CircleDot,
  Eye,
  FileInput,
  Gauge,
  type LucideIcon,
  Mail,
  MailCheck,
  MailOpen,
  MailX,
  Merge,
  MousePointerClick,
  Pencil,
  Reply,
  Split,
  StickyNote,
  Trash2,
  UserRoundCheck,
  Workflow,
} from "lucide-react";
import { memo, type ReactNode } from "react";
import type { TimelineItem } from "../api/types";
import { clockTime, exactTime } from "../shell/time";
import { actorName, describe, happened, isAbsorbed, kind, type NameOf, title } from "./describe";

const ICONS: Record<string, LucideIcon> = {
  "lead.captured": FileInput,
  "lead.updated": Pencil,
  "lead.status_changed": Workflow,
  "lead.assigned": UserRoundCheck,
  "lead.noted": StickyNote,
  "lead.scored": Gauge,
  "lead.erased": Trash2,
  "lead.merged_into": Merge,
  "lead.absorbed": Merge,
  "lead.unmerged": Split,
  "lead.released": Split,
  "message.planned": Mail,
};

const ACTIVITY_ICONS: Record<string, LucideIcon> = {
  page_view: Eye,
  delivered: MailCheck,
  opened: MailOpen,
  clicked: MousePointerClick,
  replied: Reply,
  bounced: MailX,
  complained: MailX,
  unsubscribed: MailX,
};

function iconOf(item: TimelineItem): LucideIcon {
  if (happened(item) === "activity.recorded") return ACTIVITY_ICONS[String(item.detail.kind)] ?? CircleDot;
  if (happened(item) === "message.recorded") return item.detail.outcome === "sent" ? MailCheck : MailX;
  return ICONS[happened(item)] ?? CircleDot;
}

interface EntryProps {
  Icon: LucideIcon;
  children: ReactNode;
  faint?: boolean;
}

/** One step on the line: the line runs on to the next entry. */
function Entry({ Icon, children, faint = false }: EntryProps) {
  return (
    <Box
      component="li"
      sx={{
        display: "flex",
        gap: 1.5,
        pb: 2,
        position: "relative",
        opacity: faint ? 0.6 : 1,
        "&:not(:last-of-type)::before": {
          content: '""',
          position: "absolute",
          left: 13,
          top: 28,
          bottom: 0,
          width: "1px",
          bgcolor: "divider",
        },
      }}
    >
      <Box
        aria-hidden
        sx={{
          width: 27,
          height: 27,
          flexShrink: 0,
          borderRadius: "50%",
          border: 1,
          borderColor: "divider",
          bgcolor: "background.paper",
          color: "text.secondary",
          display: "grid",
          placeItems: "center",
        }}
      >
        <Icon size={14} />
      </Box>
      <Box sx={{ flex: 1, minWidth: 0, pt: 0.35 }}>{children}</Box>
    </Box>
  );
}

function NoteText({ text }: { text: string }) {
  return (
    <Typography
      variant="body2"
      sx={{
        mt: 0.75,
        px: 1.5,
        py: 1,
        border: 1,
        borderColor: "divider",
        borderRadius: 2,
        bgcolor: "background.paper",
        whiteSpace: "pre-wrap",
        overflowWrap: "anywhere",
      }}
    >
      {text}
    </Typography>
  );
}

/** When it happened and when it was recorded, to the second, and where it stands in the log. */
function exactly({ at, recorded_at, position }: TimelineItem): string {
  const recorded = exactTime(recorded_at) === exactTime(at) ? "" : ` · recorded ${exactTime(recorded_at)}`;
  return `${exactTime(at)}${recorded} · log ${position.partition}/${position.offset}`;
}

export const TimelineEntry = memo(function TimelineEntry({ item, nameOf }: { item: TimelineItem; nameOf: NameOf }) {
  const by = actorName(item.actor, nameOf);
  const more = describe(item, nameOf);
  return (
    <Entry Icon={iconOf(item)}>
      <Box
        sx={{ display: "flex", alignItems: "baseline", gap: 1 }}
        data-testid="timeline-entry"
        data-type={kind(item.type)}
      >
        <Typography variant="body2" sx={{ flex: 1, minWidth: 0, overflowWrap: "anywhere" }}>
          <Box component="span" sx={{ fontWeight: 550 }}>
            {title(item)}
          </Box>
          {by && (
            <Box component="span" sx={{ color: "text.secondary" }}>
              {" "}
              by {by}
            </Box>
          )}
        </Typography>
        <Tooltip title={exactly(item)} placement="left">
          <Typography
            component="time"
            dateTime={item.at}
            variant="caption"
            tabIndex={0}
            sx={{ color: "text.secondary", flexShrink: 0, borderRadius: 0.5 }}
          >
            {clockTime(item.at)}
          </Typography>
        </Tooltip>
      </Box>
      {more && (
        <Typography variant="body2" sx={{ color: "text.secondary", overflowWrap: "anywhere" }}>
          {more}
        </Typography>
      )}
      {item.text &&
        (happened(item) === "lead.noted" ? (
          <NoteText text={item.text} />
        ) : (
          <Typography variant="body2" sx={{ color: "text.secondary" }}>
            {item.text}
          </Typography>
        ))}
      {isAbsorbed(item) && <FromTheOther {...item} />}
    </Entry>
  );
});

/** That it was the other lead's before the two became one, and when it happened there. */
function FromTheOther({ detail: { happened_at: at } }: TimelineItem) {
  return (
    <Typography
      variant="caption"
      sx={{ display: "flex", alignItems: "center", gap: 0.5, color: "text.disabled", mt: 0.25 }}
    >
      <Merge size={11} aria-hidden />
      from the other lead{typeof at === "string" && ` · ${exactTime(at)}`}
    </Typography>
  );
}

/** A note on its way into the log. */
export function PendingNote({ text }: { text: string }) {
  return (
    <Entry Icon={StickyNote} faint>
      <Typography variant="body2" sx={{ fontWeight: 550 }}>
        Note
        <Box component="span" sx={{ color: "text.secondary", fontWeight: 400 }}>
          {" "}
          being saved
        </Box>
      </Typography>
      <NoteText text={text} />
    </Entry>
  );
}
