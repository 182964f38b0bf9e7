import { Box } from "@mui/material";
import { UserRound } from "lucide-react";
import { Avatar } from "../shell/Avatar";
import { useNameOf } from "./queries";

/** A lead's owner: face and name, or that there is none. */
export function Owner({ id }: { id: string | null }) {
  const nameOf = useNameOf();
  const name = id === null ? null : (nameOf(id) ?? "…");
  return (
    <Box
      sx={{
        display: "flex",
        alignItems: "center",
        gap: 1,
        minWidth: 0,
        color: name ? "text.primary" : "text.disabled",
      }}
    >
      {name ? (
        <Avatar name={name} size={20} />
      ) : (
        <Box
          aria-hidden
          sx={{
            width: 20,
            height: 20,
            flexShrink: 0,
            border: "1px dashed",
            borderRadius: "50%",
            display: "grid",
            placeItems: "center",
          }}
        >
          <UserRound size={11} />
        </Box>
      )}
      <Box component="span" sx={{ overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>
        {name ?? "Nobody"}
      </Box>
    </Box>
  );
}
