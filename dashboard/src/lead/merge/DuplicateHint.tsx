import { Box, Button } from "@mui/material";
import { UsersRound } from "lucide-react";
import { Anchor } from "../../shell/Anchor";
import { leadName } from "../../shell/names";
import { useDuplicates } from "./queries";

interface HintProps {
  lead: string;
  editable: boolean;
  /** With whom; null where there are several to choose from. */
  onCompare: (other: string | null) => void;
}

/** Says that somebody else may be this person, as long as there is such a one. Where that can't be asked, it says nothing. */
export function DuplicateHint({ lead, editable, onCompare }: HintProps) {
  const { data = [] } = useDuplicates(lead);
  const [first, ...more] = data;
  if (!first) return null;
  const name = leadName(first);
  return (
    <Box
      component="section"
      aria-label="Perhaps the same person"
      sx={{
        display: "flex",
        alignItems: "center",
        gap: 1,
        px: { xs: 2, md: 3 },
        py: 0.75,
        minHeight: 44,
        borderBottom: 1,
        borderColor: "divider",
        fontSize: "0.8125rem",
        color: "text.secondary",
      }}
    >
      <UsersRound size={15} aria-hidden style={{ flexShrink: 0 }} />
      <Box sx={{ minWidth: 0, overflowWrap: "anywhere" }}>
        Perhaps the same person:{" "}
        <Anchor
          to="/leads/$id"
          params={{ id: first.id }}
          sx={{ color: "text.primary", fontWeight: 550, "&:hover": { textDecoration: "underline" } }}
        >
          {name}
        </Anchor>
        {first.email && first.email !== name && ` (${first.email})`}
        {more.length > 0 && ` and ${more.length} more`} · same number
      </Box>
      {editable && (
        <Button sx={{ flexShrink: 0, ml: "auto" }} onClick={() => onCompare(more.length > 0 ? null : first.id)}>
          Compare
        </Button>
      )}
    </Box>
  );
}
