import { Button, IconButton, Menu, MenuItem } from "@mui/material";
import { Ellipsis } from "lucide-react";
import { useState } from "react";
import type { Source } from "../../api/types";
import { exactTime } from "../../shell/time";
import { Row } from "../../shell/Rows";
import { Tag } from "../../shell/Tag";
import { useNow } from "../../shell/useNow";
import { vendorName } from "./vendors";

export type SourceAct = "addresses" | "preview" | "opt-in" | "rotate" | "delete";

interface SourceRowProps {
  source: Source;
  mayChange: boolean;
  onAct: (act: SourceAct) => void;
}

/** One source: who sends, whether it is signed, and where to. */
export function SourceRow({ source, mayChange, onAct }: SourceRowProps) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const now = useNow();
  const until = source.old_secret_until;

  function choose(act: SourceAct) {
    setAnchor(null);
    onAct(act);
  }

  return (
    <Row
      title={source.name}
      tags={
        <>
          <Tag>{vendorName(source.vendor)}</Tag>
          {source.signed && <Tag tone="good">Signed</Tag>}
          {source.quiet && <Tag tone="open">Quiet</Tag>}
          {source.double_opt_in && <Tag tone="good">Double opt-in</Tag>}
        </>
      }
      about={
        <>
          {source.url}
          {until && Date.parse(until) > now && ` · the secret before is good until ${exactTime(until)}`}
        </>
      }
      actions={
        <>
          <Button onClick={() => onAct("addresses")} aria-label={`Address of ${source.name}`}>
            Address
          </Button>
          {mayChange && (
            <>
              <IconButton
                size="small"
                aria-label={`More about ${source.name}`}
                aria-haspopup="menu"
                aria-expanded={anchor !== null}
                onClick={(event) => setAnchor(event.currentTarget)}
              >
                <Ellipsis size={16} />
              </IconButton>
              <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
                <MenuItem onClick={() => choose("preview")}>Try a mapping</MenuItem>
                {!source.signed && (
                  <MenuItem onClick={() => choose("opt-in")}>
                    {source.double_opt_in ? "Stop double opt-in" : "Double opt-in"}
                  </MenuItem>
                )}
                <MenuItem onClick={() => choose("rotate")}>New secret</MenuItem>
                <MenuItem onClick={() => choose("delete")}>Delete</MenuItem>
              </Menu>
            </>
          )}
        </>
      }
    />
  );
}
