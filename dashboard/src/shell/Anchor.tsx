import { Box, type SxProps, type Theme } from "@mui/material";
import { createLink } from "@tanstack/react-router";
import type { AnchorHTMLAttributes, Ref } from "react";

interface AnchorProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  sx?: SxProps<Theme>;
  ref?: Ref<HTMLAnchorElement>;
}

function Plain({ sx, ...rest }: AnchorProps) {
  return (
    <Box
      component="a"
      {...rest}
      sx={[
        { color: "inherit", textDecoration: "none", "&:hover": { textDecoration: "none" } },
        ...(Array.isArray(sx) ? sx : [sx]),
      ]}
    />
  );
}

/** A typed link of the router that takes `sx`. */
export const Anchor = createLink(Plain);
