import { Box, IconButton, Menu, MenuItem, Tooltip, Typography } from "@mui/material";
import { ArrowLeft, Ellipsis, Merge, Trash2 } from "lucide-react";
import { useState } from "react";
import { type Lead, type Status, STATUSES } from "../api/types";
import { ownersFor, useMe } from "../auth";
import { StatusTag } from "../leads";
import { Owner, usePeople } from "../people";
import { ScoreChip } from "../scoring";
import { Anchor } from "../shell/Anchor";
import { Avatar } from "../shell/Avatar";
import { leadName, sentence } from "../shell/names";
import { RelativeTime } from "../shell/RelativeTime";
import { useAssign, useEdit } from "./commands";
import { EraseDialog } from "./EraseDialog";
import { PickMenu } from "./PickMenu";

const STATUS_OPTIONS = STATUSES.map((status) => ({ value: status, label: <StatusTag status={status} /> }));

function StatusMenu({ lead, editable }: { lead: Lead; editable: boolean }) {
  const { mutate } = useEdit(lead.id);
  return (
    <PickMenu<Status>
      label={`Status: ${sentence(lead.status)}`}
      value={lead.status}
      options={STATUS_OPTIONS}
      disabled={!editable}
      onPick={(status) => mutate({ status })}
    >
      <StatusTag status={lead.status} />
    </PickMenu>
  );
}

function OwnerMenu({ lead }: { lead: Lead }) {
  const { data: me } = useMe();
  const { mutate } = useAssign(lead.id);
  const people = usePeople().data ?? [];
  const owners = ownersFor(
    me,
    lead.owner,
    people.map(({ id }) => id),
  );
  const name = people.find(({ id }) => id === lead.owner)?.name ?? "Nobody";
  return (
    <PickMenu<string | null>
      label={`Owner: ${name}`}
      value={lead.owner}
      options={owners.map((id) => ({ value: id, label: <Owner id={id} /> }))}
      disabled={owners.length === 0}
      onPick={(owner) => mutate(owner)}
    >
      <Owner id={lead.owner} />
    </PickMenu>
  );
}

interface MoreProps {
  id: string;
  name: string;
  editable: boolean;
  erasable: boolean;
  onMerge: () => void;
}

function MoreMenu({ id, name, editable, erasable, onMerge }: MoreProps) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const [erasing, setErasing] = useState(false);
  return (
    <>
      <Tooltip title="More">
        <IconButton
          aria-label="More actions"
          aria-haspopup="menu"
          size="small"
          onClick={(event) => setAnchor(event.currentTarget)}
        >
          <Ellipsis size={16} />
        </IconButton>
      </Tooltip>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
        {editable && (
          <MenuItem
            onClick={() => {
              setAnchor(null);
              onMerge();
            }}
          >
            <Merge size={15} aria-hidden /> Merge with…
          </MenuItem>
        )}
        {erasable && (
          <MenuItem
            sx={{ color: "error.main" }}
            onClick={() => {
              setAnchor(null);
              setErasing(true);
            }}
          >
            <Trash2 size={15} aria-hidden /> Erase this person…
          </MenuItem>
        )}
      </Menu>
      {erasing && <EraseDialog id={id} name={name} close={() => setErasing(false)} />}
    </>
  );
}

interface HeaderProps {
  lead: Lead;
  editable: boolean;
  erasable: boolean;
  onMerge: () => void;
}

export function LeadHeader({ lead, editable, erasable, onMerge }: HeaderProps) {
  const name = leadName(lead);
  return (
    <Box component="header" sx={{ px: { xs: 2, md: 3 }, pt: 2, pb: 2, borderBottom: 1, borderColor: "divider" }}>
      <Anchor
        to="/leads"
        search={{}}
        sx={{
          display: "inline-flex",
          alignItems: "center",
          gap: 0.75,
          fontSize: "0.75rem",
          color: "text.secondary",
          "&:hover": { color: "text.primary" },
        }}
      >
        <ArrowLeft size={13} aria-hidden /> Leads
      </Anchor>
      <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 1.5, mt: 1.25 }}>
        <Avatar name={name} size={40} />
        <Box sx={{ flex: "1 1 200px", minWidth: 0 }}>
          <Box sx={{ display: "flex", alignItems: "center", gap: 1.25 }}>
            <Typography variant="h1" sx={{ overflowWrap: "anywhere" }}>
              {name}
            </Typography>
            <ScoreChip score={lead.score} grade={lead.grade} />
          </Box>
          <Typography variant="body2" sx={{ color: "text.secondary" }}>
            {lead.company ? `${lead.company} · came` : "Came"} in <RelativeTime at={lead.created_at} />
          </Typography>
        </Box>
        <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 1 }}>
          <StatusMenu lead={lead} editable={editable} />
          <OwnerMenu lead={lead} />
          {(editable || erasable) && (
            <MoreMenu id={lead.id} name={name} editable={editable} erasable={erasable} onMerge={onMerge} />
          )}
        </Box>
      </Box>
    </Box>
  );
}
