import { Alert, Box, Table, TableBody, TableCell, TableRow, Typography } from "@mui/material";
import type { RepairPreview } from "../../api/types";
import { plainText } from "../../shell/names";
import { MONO } from "../../shell/theme";

type Trial = RepairPreview["items"][number];
const cell = { fontSize: "0.75rem", overflowWrap: "anywhere", verticalAlign: "top", px: 1 } as const;

function Outcome({ trial, title }: { trial: Trial; title: string }) {
  if (trial.error) return <Alert severity="warning">{trial.error}</Alert>;
  if (!trial.fields) {
    return (
      <Box
        component="pre"
        sx={{ m: 0, fontFamily: MONO, fontSize: "0.75rem", whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}
      >
        {JSON.stringify(trial.body, null, 2)}
      </Box>
    );
  }
  return (
    <Table size="small" aria-label={title} sx={{ tableLayout: "fixed" }}>
      <TableBody>
        {Object.entries(trial.fields).map(([field, value]) => (
          <TableRow key={field}>
            <TableCell component="th" scope="row" sx={cell}>
              {field}
            </TableCell>
            <TableCell sx={cell}>{plainText(value)}</TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  );
}

/** What would come out of a few. */
export function Tried({ answer }: { answer: RepairPreview }) {
  return answer.items.map((trial, index) => {
    const title = `What would come out of ${answer.items.length === 1 ? "it" : `number ${index + 1}`}`;
    return (
      <Box key={trial.id} sx={{ mb: 2 }}>
        <Typography variant="h2" sx={{ mb: 0.5 }}>
          {title}
        </Typography>
        <Outcome trial={trial} title={title} />
      </Box>
    );
  });
}
