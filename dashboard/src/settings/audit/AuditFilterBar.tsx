import { Box, Button, MenuItem, TextField } from "@mui/material";
import type { FormEvent } from "react";
import { sentence } from "../../shell/names";
import { type AuditFilters, FIELDS, isFiltered, OUTCOMES, readAuditFilters } from "./filters";

const HINTS = { actor: "A user's id, key:…, cli", action: "create_source", object: "leads/…" } as const;

interface FilterBarProps {
  filters: AuditFilters;
  onChange: (filters: AuditFilters) => void;
}

/** What to look for; the gateway compares whole words, so it is sent when somebody is done typing. */
export function AuditFilterBar({ filters, onChange }: FilterBarProps) {
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    onChange(readAuditFilters(Object.fromEntries(new FormData(event.currentTarget))));
  }

  return (
    <Box
      component="form"
      role="search"
      onSubmit={submit}
      sx={{ display: "grid", gap: 1, gridTemplateColumns: { xs: "1fr 1fr", md: "repeat(4, 1fr) auto auto" } }}
    >
      {FIELDS.map((name) => (
        <TextField
          key={name}
          name={name}
          label={sentence(name)}
          defaultValue={filters[name] ?? ""}
          placeholder={HINTS[name]}
          slotProps={{ inputLabel: { shrink: true }, htmlInput: { maxLength: 200 } }}
        />
      ))}
      <TextField
        name="outcome"
        label="Outcome"
        select
        defaultValue={filters.outcome ?? ""}
        slotProps={{ inputLabel: { shrink: true }, select: { displayEmpty: true } }}
      >
        <MenuItem value="">Any</MenuItem>
        {OUTCOMES.map((outcome) => (
          <MenuItem key={outcome} value={outcome}>
            {sentence(outcome)}
          </MenuItem>
        ))}
      </TextField>
      <Button type="submit" variant="outlined">
        Show
      </Button>
      <Button onClick={() => onChange({})} disabled={!isFiltered(filters)}>
        Clear
      </Button>
    </Box>
  );
}
