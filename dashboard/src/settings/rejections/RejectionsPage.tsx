/** What was accepted and could not be handled, by cause: looked at, repaired, sent again. */
import { Button } from "@mui/material";
import { CircleCheck } from "lucide-react";
import { useState } from "react";
import type { Cause } from "../../api/types";
import { canChangeSources, canSeeRejections, useMe } from "../../auth";
import { Card } from "../../shell/Card";
import { Page } from "../../shell/Page";
import { RelativeTime } from "../../shell/RelativeTime";
import { Row, Rows, RowsLoading } from "../../shell/Rows";
import { EmptyState, ErrorState } from "../../shell/States";
import { Tag } from "../../shell/Tag";
import { useTitle } from "../../shell/useTitle";
import { Allowed } from "../Allowed";
import { KINDS } from "./change";
import { GroupDialog } from "./GroupDialog";
import { Progress } from "./Progress";
import { useCauses, useRepairs } from "./queries";
import { RepairDialog } from "./RepairDialog";

interface GroupProps {
  cause: Cause;
  mayRepair: boolean;
  look: () => void;
  repair: () => void;
}

function Group({ cause, mayRepair, look, repair }: GroupProps) {
  return (
    <Row
      title={cause.reason}
      tags={
        <>
          <Tag tone="bad">{String(cause.count)}</Tag>
          <Tag>{KINDS[cause.kind] ?? cause.kind}</Tag>
        </>
      }
      about={
        <>
          in {cause.consumer} · last <RelativeTime at={cause.last_at} />
          {cause.count > 1 && (
            <>
              , first <RelativeTime at={cause.first_at} />
            </>
          )}
        </>
      }
      actions={
        <>
          <Button aria-label={`Look at ${cause.reason}`} onClick={look}>
            Look
          </Button>
          {mayRepair && (
            <Button aria-label={`Repair ${cause.reason}`} onClick={repair}>
              Repair
            </Button>
          )}
        </>
      }
    />
  );
}

function Groups({ mayRepair, watched }: { mayRepair: boolean; watched: boolean }) {
  const { data: causes, error, isPending, refetch } = useCauses(watched);
  const [asked, setAsked] = useState<{ cause: Cause; act: "look" | "repair" } | null>(null);
  const close = () => setAsked(null);
  if (isPending) return <RowsLoading label="Loading rejections" />;
  if (!causes) return <ErrorState error={error} retry={() => void refetch()} compact />;
  return (
    <>
      {causes.length === 0 ? (
        <EmptyState icon={<CircleCheck size={24} />} title="Everything was handled">
          What comes in and can&apos;t be handled is kept here for 90 days, with the reason.
        </EmptyState>
      ) : (
        <Rows label="Causes">
          {causes.map((cause) => (
            <Group
              key={`${cause.consumer} ${cause.kind} ${cause.reason}`}
              cause={cause}
              mayRepair={mayRepair}
              look={() => setAsked({ cause, act: "look" })}
              repair={() => setAsked({ cause, act: "repair" })}
            />
          ))}
        </Rows>
      )}
      {asked?.act === "look" && <GroupDialog cause={asked.cause} close={close} />}
      {asked?.act === "repair" && <RepairDialog cause={asked.cause} close={close} />}
    </>
  );
}

export function RejectionsPage() {
  useTitle("Rejections");
  const { data: me } = useMe();
  return <Allowed may={canSeeRejections}>{me && <Rejected mayRepair={canChangeSources(me)} />}</Allowed>;
}

function Rejected({ mayRepair }: { mayRepair: boolean }) {
  const { data: repairs } = useRepairs();
  const watched = repairs?.some(({ state }) => state === "running") ?? false;
  return (
    <Page
      title="Rejections"
      intro="What was accepted and could not be handled, by what went wrong. Repaired, it is sent again."
    >
      <Card title="By cause">
        <Groups mayRepair={mayRepair} watched={watched} />
      </Card>
      {repairs !== undefined && repairs.length > 0 && (
        <Card title="Repairs">
          <Progress repairs={repairs} mayRepair={mayRepair} />
        </Card>
      )}
    </Page>
  );
}
