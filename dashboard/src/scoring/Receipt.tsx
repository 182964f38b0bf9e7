import { Box, Skeleton, Tooltip, Typography } from "@mui/material";
import { CircleCheck, TriangleAlert } from "lucide-react";
import type { ReceiptLine, ScoreReceipt } from "../api/types";
import { Card } from "../shell/Card";
import { ErrorState } from "../shell/States";
import { gradeColor, tint, TONE } from "../shell/theme";
import { addsUp, inOrder, points, signed, stepPath, total } from "./receipt";
import { useScore } from "./queries";

const SPARK = { width: 120, height: 28 };

function Spark({ history, color }: { history: ScoreReceipt["history"]; color: string }) {
  const path = stepPath(history, SPARK.width, SPARK.height);
  if (!path) return null;
  return (
    <Box
      component="svg"
      role="img"
      aria-label={`The score changed ${history.length} times`}
      viewBox={`-2 -2 ${SPARK.width + 4} ${SPARK.height + 4}`}
      sx={{ width: SPARK.width, height: SPARK.height + 4, color }}
    >
      <path
        d={path}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.75"
        strokeLinejoin="round"
        strokeLinecap="round"
      />
    </Box>
  );
}

function Line({ line }: { line: ReceiptLine }) {
  const color = line.points < 0 ? TONE.bad : "inherit";
  return (
    <Box
      component="tr"
      data-testid="receipt-line"
      data-points={line.points}
      sx={{ "& td": { py: 0.5, verticalAlign: "baseline", borderBottom: "1px dashed var(--mui-palette-divider)" } }}
    >
      <td>
        <Tooltip title={`Rule ${line.rule}`} placement="left">
          <span>{line.label}</span>
        </Tooltip>
        {line.times > 1 && (
          <Box component="span" sx={{ color: "text.secondary" }}>
            {" "}
            × {line.times}
          </Box>
        )}
      </td>
      <Box component="td" sx={{ textAlign: "right", fontWeight: 550, color, whiteSpace: "nowrap" }}>
        {signed(line.points)}
      </Box>
    </Box>
  );
}

function Check({ score }: { score: ScoreReceipt }) {
  const fits = addsUp(score);
  return (
    <Box
      role={fits ? undefined : "alert"}
      data-testid="receipt-check"
      data-adds-up={fits}
      sx={{
        display: "flex",
        alignItems: "center",
        gap: 0.75,
        mt: 1.25,
        fontSize: "0.75rem",
        color: fits ? "text.secondary" : "error.main",
      }}
    >
      {fits ? <CircleCheck size={13} aria-hidden /> : <TriangleAlert size={13} aria-hidden />}
      {fits
        ? `The lines add up to the score · rules version ${score.rules_version}`
        : `The lines add up to ${total(score.receipt)}, not to ${score.score}. Please report this.`}
    </Box>
  );
}

function Paper({ score }: { score: ScoreReceipt }) {
  const color = gradeColor(score.grade);
  return (
    <>
      <Box sx={{ display: "flex", alignItems: "center", gap: 1.5, mb: 1.5 }}>
        <Typography sx={{ fontSize: "1.75rem", fontWeight: 650, letterSpacing: "-0.03em", lineHeight: 1.1 }}>
          {points(score.score ?? 0)}
        </Typography>
        {score.grade && (
          <Box
            sx={{
              px: 1,
              py: 0.25,
              borderRadius: 1.25,
              fontSize: "0.75rem",
              fontWeight: 600,
              color,
              backgroundColor: tint(color),
            }}
          >
            Grade {score.grade}
          </Box>
        )}
        <Box sx={{ flex: 1 }} />
        <Spark history={score.history} color={color} />
      </Box>
      <Box
        component="table"
        sx={{ width: 1, borderCollapse: "collapse", fontSize: "0.8125rem", "& td, & th": { p: 0 } }}
      >
        <tbody>
          {score.receipt.length === 0 && (
            <Box component="tr" sx={{ color: "text.secondary" }}>
              <td colSpan={2}>No rule has given points yet.</td>
            </Box>
          )}
          {inOrder(score.receipt).map((line) => (
            <Line key={line.rule} line={line} />
          ))}
        </tbody>
        <tfoot>
          <Box component="tr" sx={{ "& th, & td": { pt: "8px !important", fontWeight: 650 } }}>
            <Box component="th" scope="row" sx={{ textAlign: "left" }}>
              Score
            </Box>
            <Box component="td" data-testid="receipt-total" sx={{ textAlign: "right" }}>
              {points(total(score.receipt))}
            </Box>
          </Box>
        </tfoot>
      </Box>
      <Check score={score} />
    </>
  );
}

/** Why this lead has this score: a line per reason, and a sum that anybody can check. */
export function Receipt({ lead }: { lead: string }) {
  const { data, error, isPending, refetch } = useScore(lead);
  return (
    <Card title="Score" testId="receipt">
      {isPending && <Skeleton variant="rounded" height={190} />}
      {error && !data && <ErrorState error={error} retry={() => void refetch()} compact />}
      {data?.score === null && (
        <Typography variant="body2" sx={{ color: "text.secondary" }}>
          Not scored yet.
        </Typography>
      )}
      {data && data.score !== null && <Paper score={data} />}
    </Card>
  );
}
