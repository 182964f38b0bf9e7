/** The list's grid: one definition for head, rows and skeletons, so that nothing moves when data comes. */

export const ROW_HEIGHT = 44;

export const COLUMNS = {
  display: "grid",
  alignItems: "center",
  columnGap: 2,
  rowGap: 0.25,
  px: { xs: 2, md: 3 },
  gridTemplateColumns: {
    xs: "minmax(0, 1fr) auto auto",
    md: "minmax(150px, 1.4fr) minmax(110px, 1fr) 104px 74px minmax(110px, 0.8fr) 56px",
    lg: "minmax(160px, 1.2fr) minmax(170px, 1.4fr) minmax(120px, 1fr) 104px 74px minmax(120px, 0.8fr) 56px",
    xl: "minmax(180px, 1.2fr) minmax(200px, 1.4fr) minmax(140px, 1fr) 110px 80px minmax(140px, 0.9fr) 110px 60px",
  },
  gridTemplateAreas: {
    xs: '"name name score" "company status age"',
    md: '"name company status score owner age"',
    lg: '"name email company status score owner age"',
    xl: '"name email company status score owner source age"',
  },
} as const;

export const cell = { overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap", minWidth: 0 } as const;
export const muted = { color: "text.secondary" } as const;
