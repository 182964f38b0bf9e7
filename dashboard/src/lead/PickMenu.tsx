import { Button, Menu, MenuItem } from "@mui/material";
import { Check, ChevronDown } from "lucide-react";
import { type ReactNode, useState } from "react";

interface PickMenuProps<T> {
  label: string;
  value: string | null;
  options: readonly { value: T; label: ReactNode }[];
  disabled: boolean;
  onPick: (value: T) => void;
  children: ReactNode;
}

/** A button that shows what is chosen and opens the choices. */
export function PickMenu<T extends string | null>({
  label,
  value,
  options,
  disabled,
  onPick,
  children,
}: PickMenuProps<T>) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  return (
    <>
      <Button
        variant="outlined"
        color="inherit"
        disabled={disabled}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={anchor !== null}
        onClick={(event) => setAnchor(event.currentTarget)}
        endIcon={<ChevronDown size={14} />}
        sx={{ borderColor: "divider", bgcolor: "background.paper", "&.Mui-disabled": { color: "text.primary" } }}
      >
        {children}
      </Button>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
        {options.map((option) => (
          <MenuItem
            key={option.value ?? ""}
            role="menuitemradio"
            aria-checked={option.value === value}
            selected={option.value === value}
            onClick={() => {
              setAnchor(null);
              if (option.value !== value) onPick(option.value);
            }}
            sx={{ minWidth: 190, justifyContent: "space-between" }}
          >
            {option.label}
            {option.value === value && <Check size={14} aria-hidden />}
          </MenuItem>
        ))}
      </Menu>
    </>
  );
}
