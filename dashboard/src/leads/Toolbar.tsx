import { Box, Button } from "@mui/material";
import { GRADES, STATUSES } from "../api/types";
import { usePeople } from "../people";
import { sentence } from "../shell/names";
import { type Choice, FilterMenu } from "./FilterMenu";
import { isFiltered, type LeadFilters, NO_OWNER, readFilters, type Sort, SORTS } from "./filters";
import { useOverview } from "./queries";
import { SearchBox } from "./SearchBox";
import { StatusTag } from "./StatusTag";

const STATUS_CHOICES: Choice[] = STATUSES.map((status) => ({
  value: status,
  label: <StatusTag status={status} />,
  text: sentence(status),
}));
const GRADE_CHOICES: Choice[] = GRADES.map((grade) => ({ value: grade, label: `Grade ${grade}`, text: grade }));
const SORT_CHOICES: Choice[] = Object.entries(SORTS).map(([value, label]) => ({ value, label, text: label }));

interface ToolbarProps {
  filters: LeadFilters;
  onChange: (filters: LeadFilters) => void;
}

/** Search, filters and order. Everything chosen stands in the address, so that it can be sent to a colleague. */
export function Toolbar({ filters, onChange }: ToolbarProps) {
  const people = usePeople().data ?? [];
  const sources = Object.keys(useOverview().data?.by_source ?? {}).sort();
  const owners: Choice[] = [
    { value: NO_OWNER, label: "Nobody", text: "Nobody" },
    ...people.map(({ id, name }) => ({ value: id, label: name, text: name })),
  ];
  const choices = {
    status: STATUS_CHOICES,
    owner: owners,
    grade: GRADE_CHOICES,
    source: sources.map((source) => ({ value: source, label: sentence(source), text: sentence(source) })),
  } as const;
  const set = (name: keyof LeadFilters, value: string | undefined) =>
    onChange(readFilters({ ...filters, [name]: value }));

  return (
    <Box
      role="search"
      sx={{
        position: { md: "sticky" },
        top: 0,
        zIndex: 2,
        display: "flex",
        flexWrap: { xs: "wrap", md: "nowrap" },
        alignItems: "center",
        gap: 1,
        px: { xs: 2, md: 3 },
        py: 1,
        bgcolor: "background.default",
        borderBottom: 1,
        borderColor: "divider",
      }}
    >
      <SearchBox value={filters.q ?? ""} onChange={(q) => set("q", q || undefined)} />
      <Box
        sx={{ display: "flex", gap: 1, overflowX: "auto", flex: 1, mx: -0.5, px: 0.5, py: 0.5, scrollbarWidth: "none" }}
      >
        {(["status", "owner", "grade", "source"] as const).map((name) => (
          <FilterMenu
            key={name}
            label={sentence(name)}
            value={filters[name]}
            choices={choices[name]}
            onChange={(value) => set(name, value)}
          />
        ))}
        {isFiltered(filters) && (
          <Button sx={{ flexShrink: 0 }} onClick={() => onChange(filters.sort ? { sort: filters.sort } : {})}>
            Clear
          </Button>
        )}
        <Box sx={{ flex: 1 }} />
        <FilterMenu
          label="Newest first"
          value={filters.sort}
          choices={SORT_CHOICES.filter(({ value }) => value !== ("-created_at" satisfies Sort))}
          onChange={(value) => set("sort", value)}
        />
      </Box>
    </Box>
  );
}
