import { Box, Table, TableBody, TableCell, TableHead, TableRow, Typography } from "@mui/material";
import type { Preview } from "../../api/types";
import { plainText } from "../../shell/names";
import { MONO } from "../../shell/theme";

const cell = { fontSize: "0.75rem", overflowWrap: "anywhere", verticalAlign: "top", px: 1 } as const;

/** Which fields would be read, and from where. */
export function Previewed({ answer }: { answer: Preview }) {
  if (answer.submissions.length === 0) return <Typography variant="body2">Nothing would be read of this.</Typography>;
  return answer.submissions.map(({ fields, places }, index) => (
    <Box key={index} sx={{ mb: 2 }}>
      <Typography variant="h2" id={`submission-${index}`} sx={{ mb: 0.5 }}>
        {answer.submissions.length === 1 ? "What would be read" : `Submission ${index + 1}`}
      </Typography>
      <Table size="small" aria-labelledby={`submission-${index}`} sx={{ tableLayout: "fixed" }}>
        <TableHead>
          <TableRow>
            {["Field", "Value", "From"].map((name) => (
              <TableCell key={name} sx={cell}>
                {name}
              </TableCell>
            ))}
          </TableRow>
        </TableHead>
        <TableBody>
          {Object.entries(fields).map(([field, value]) => (
            <TableRow key={field}>
              <TableCell component="th" scope="row" sx={cell}>
                {field}
              </TableCell>
              <TableCell sx={cell}>{plainText(value)}</TableCell>
              <TableCell sx={{ ...cell, fontFamily: MONO }}>{(places[field] ?? []).join(", ") || "—"}</TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </Box>
  ));
}
