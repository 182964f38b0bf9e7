import { Box, Button, LinearProgress } from "@mui/material";
import type { Repair } from "../../api/types";
import { RelativeTime } from "../../shell/RelativeTime";
import { Row, Rows } from "../../shell/Rows";
import { Tag } from "../../shell/Tag";
import { useCancelRepair } from "./queries";

const SHOWN = 5;
const TONE = { running: "open", done: "good", cancelled: "quiet" } as const;
const STATE = { running: "Running", done: "Done", cancelled: "Stopped" } as const;
const HOW = { mapping: "by a mapping", patch: "by a change", unchanged: "as they were" } as const;

function Repaired({ repair, mayRepair }: { repair: Repair; mayRepair: boolean }) {
  const { mutate, isPending } = useCancelRepair();
  const done = repair.redriven + repair.refused;
  const running = repair.state === "running";
  return (
    <Row
      title={`${repair.redriven} of ${repair.total} sent again, ${HOW[repair.how]}`}
      tags={<Tag tone={TONE[repair.state]}>{STATE[repair.state]}</Tag>}
      about={
        <>
          <RelativeTime at={repair.created_at} />
          {repair.refused > 0 && ` · ${repair.refused} can't be repaired like this, and are still listed`}
          {running && (
            <LinearProgress
              variant="determinate"
              aria-label="Progress"
              value={repair.total === 0 ? 0 : (100 * done) / repair.total}
              sx={{ mt: 1, borderRadius: 1 }}
            />
          )}
        </>
      }
      actions={
        running &&
        mayRepair && (
          <Button color="inherit" loading={isPending} onClick={() => mutate(repair.id)}>
            Stop
          </Button>
        )
      }
    />
  );
}

/** The last repairs, and how far they are. */
export function Progress({ repairs, mayRepair }: { repairs: Repair[]; mayRepair: boolean }) {
  return (
    <Box aria-live="polite">
      <Rows label="Repairs">
        {repairs.slice(0, SHOWN).map((repair) => (
          <Repaired key={repair.id} repair={repair} mayRepair={mayRepair} />
        ))}
      </Rows>
    </Box>
  );
}
