import { Button, Menu, MenuItem } from "@mui/material";
import { Check, ChevronDown } from "lucide-react";
import { type ReactNode, useId, useState } from "react";

export interface Choice {
  value: string;
  label: ReactNode;
  /** Plain text for the button. */
  text: string;
}

interface FilterMenuProps {
  label: string;
  value: string | undefined;
  choices: readonly Choice[];
  onChange: (value: string | undefined) => void;
}

/** A button that opens a list of choices and says which one is on. Choosing it again lifts the filter. */
export function FilterMenu({ label, value, choices, onChange }: FilterMenuProps) {
  const id = useId();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const chosen = choices.find((choice) => choice.value === value);

  function choose(next: string) {
    setAnchor(null);
    onChange(next === value ? undefined : next);
  }

  return (
    <>
      <Button
        aria-haspopup="menu"
        aria-expanded={anchor !== null}
        aria-controls={anchor ? id : undefined}
        onClick={(event) => setAnchor(event.currentTarget)}
        endIcon={<ChevronDown size={14} />}
        sx={{
          flexShrink: 0,
          border: 1,
          borderStyle: value ? "solid" : "dashed",
          borderColor: value ? "primary.main" : "divider",
          color: value ? "primary.main" : "text.secondary",
          "& .MuiButton-endIcon": { ml: 0.5 },
        }}
      >
        {value ? `${label}: ${chosen?.text ?? value}` : label}
      </Button>
      <Menu id={id} anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
        {choices.map((choice) => (
          <MenuItem
            key={choice.value}
            role="menuitemradio"
            aria-checked={choice.value === value}
            selected={choice.value === value}
            onClick={() => choose(choice.value)}
            sx={{ minWidth: 180, justifyContent: "space-between" }}
          >
            <span>{choice.label}</span>
            {choice.value === value && <Check size={14} aria-hidden />}
          </MenuItem>
        ))}
        {value && <MenuItem onClick={() => choose(value)}>Any</MenuItem>}
      </Menu>
    </>
  );
}
