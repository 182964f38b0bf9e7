import { Button, IconButton, ListItemText, Menu, MenuItem } from "@mui/material";
import { ChevronDown, Ellipsis } from "lucide-react";
import { useState } from "react";
import type { User } from "../../api/types";
import { useNameOf } from "../../people";
import { sentence } from "../../shell/names";
import { notify } from "../../shell/notices";
import { Row } from "../../shell/Rows";
import { Tag } from "../../shell/Tag";
import { useChangeUser, useInvite, useRemoveFactor } from "./queries";
import { HUMAN_ROLES, ROLE_NAMES } from "./roles";

function RoleMenu({ user, disabled }: { user: User; disabled: boolean }) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const change = useChangeUser();
  return (
    <>
      <Button
        color="inherit"
        disabled={disabled}
        loading={change.isPending}
        aria-label={`Role of ${user.name}: ${user.role}`}
        aria-haspopup="menu"
        aria-expanded={anchor !== null}
        endIcon={<ChevronDown size={14} />}
        onClick={(event) => setAnchor(event.currentTarget)}
      >
        {sentence(user.role)}
      </Button>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
        {ROLE_NAMES.map((role) => (
          <MenuItem
            key={role}
            role="menuitemradio"
            aria-checked={role === user.role}
            selected={role === user.role}
            onClick={() => {
              setAnchor(null);
              if (role !== user.role) change.mutate({ id: user.id, role });
            }}
          >
            <ListItemText
              primary={sentence(role)}
              secondary={HUMAN_ROLES[role]}
              slotProps={{ primary: { variant: "body2" }, secondary: { variant: "caption" } }}
              sx={{ my: 0 }}
            />
          </MenuItem>
        ))}
      </Menu>
    </>
  );
}

function MoreMenu({ user }: { user: User }) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const change = useChangeUser();
  const invite = useInvite();
  const removeFactor = useRemoveFactor();
  const say = (text: string) => ({ onSuccess: () => notify(text) });

  function act(what: () => void) {
    setAnchor(null);
    what();
  }

  return (
    <>
      <IconButton
        size="small"
        aria-label={`More about ${user.name}`}
        aria-haspopup="menu"
        aria-expanded={anchor !== null}
        onClick={(event) => setAnchor(event.currentTarget)}
      >
        <Ellipsis size={16} />
      </IconButton>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
        {!user.disabled && (
          <MenuItem onClick={() => act(() => invite.mutate(user.id, say(`A link is on its way to ${user.email}.`)))}>
            {user.invited ? "Send the invitation again" : "Send a link to choose a new password"}
          </MenuItem>
        )}
        {user.second_factor && (
          <MenuItem onClick={() => act(() => removeFactor.mutate(user.id, say("The second factor is removed.")))}>
            Remove the second factor
          </MenuItem>
        )}
        <MenuItem onClick={() => act(() => change.mutate({ id: user.id, disabled: !user.disabled }))}>
          {user.disabled ? "Let in again" : "Disable, and end all sessions"}
        </MenuItem>
      </Menu>
    </>
  );
}

/** One user. Nobody disables themselves or takes their own role away by a slip. */
export function UserRow({ user, isMe }: { user: User; isMe: boolean }) {
  const person = useNameOf()(user.person ?? "");
  return (
    <Row
      title={user.name}
      faded={user.disabled}
      tags={
        <>
          {isMe && <Tag tone="plain">You</Tag>}
          {user.disabled && <Tag tone="bad">Disabled</Tag>}
          {user.invited && !user.disabled && <Tag tone="open">Invited</Tag>}
          {user.second_factor && <Tag tone="good">Second factor</Tag>}
        </>
      }
      about={person ? `${user.email} · owns the leads of ${person}` : user.email}
      actions={
        <>
          <RoleMenu user={user} disabled={isMe || user.disabled} />
          {!isMe && <MoreMenu user={user} />}
        </>
      }
    />
  );
}
