import { Box } from "@mui/material";
import { points } from "./receipt";
import { gradeColor, tint } from "../shell/theme";

/** Grade and points; the colour says the grade again. */
export function ScoreChip({ score, grade }: { score: number | null; grade: string | null }) {
  const color = gradeColor(grade);
  if (score === null) {
    return (
      <Box component="span" sx={{ fontSize: "0.75rem", color: "text.disabled" }}>
        Not scored
      </Box>
    );
  }
  return (
    <Box
      component="span"
      aria-label={`Score ${score}${grade ? `, grade ${grade}` : ""}`}
      sx={{
        display: "inline-flex",
        alignItems: "center",
        gap: 0.75,
        height: 22,
        px: 0.75,
        borderRadius: 1.25,
        fontSize: "0.75rem",
        fontWeight: 600,
        color,
        backgroundColor: tint(color),
      }}
    >
      {grade && <span>{grade}</span>}
      <Box component="span" sx={{ fontWeight: 500, minWidth: "2ch", textAlign: "right" }}>
        {points(score)}
      </Box>
    </Box>
  );
}
