import { Box, Button } from "@mui/material";
import type { Session } from "../api/types";
import { Card } from "../shell/Card";
import { notify } from "../shell/notices";
import { RelativeTime } from "../shell/RelativeTime";
import { Row, Rows, RowsLoading } from "../shell/Rows";
import { ErrorState } from "../shell/States";
import { Tag } from "../shell/Tag";
import { deviceName } from "./device";
import { useEndOthers, useEndSession, useSessions } from "./queries";

function SessionRow({ session }: { session: Session }) {
  const end = useEndSession();
  const device = deviceName(session.device);
  return (
    <Row
      title={<span title={session.device}>{device}</span>}
      tags={session.current && <Tag tone="good">This device</Tag>}
      about={
        <>
          {session.address} · last used <RelativeTime at={session.last_used_at} /> · signed in{" "}
          <RelativeTime at={session.begun_at} />
        </>
      }
      actions={
        !session.current && (
          <Button
            loading={end.isPending}
            aria-label={`Sign out there: ${device}, ${session.address}`}
            onClick={() => end.mutate(session.id, { onSuccess: () => notify("Signed out there.") })}
          >
            Sign out there
          </Button>
        )
      }
    />
  );
}

/** Where I am signed in, and how to end that. */
export function SessionsCard() {
  const { data: sessions, error, isPending, refetch } = useSessions();
  const endOthers = useEndOthers();
  const others = (sessions ?? []).filter(({ current }) => !current);
  return (
    <Card
      title="Where you are signed in"
      action={
        <Button
          disabled={others.length === 0}
          loading={endOthers.isPending}
          onClick={() => endOthers.mutate(undefined, { onSuccess: () => notify("Signed out everywhere else.") })}
        >
          Sign out everywhere else
        </Button>
      }
    >
      {isPending && <RowsLoading label="Loading sessions" count={2} />}
      {error && !sessions && <ErrorState error={error} retry={() => void refetch()} compact />}
      {sessions && (
        <Rows label="Sessions">
          {sessions.map((session) => (
            <SessionRow key={session.id} session={session} />
          ))}
        </Rows>
      )}
      {sessions && others.length === 0 && (
        <Box sx={{ fontSize: "0.75rem", color: "text.secondary" }}>You are signed in nowhere else.</Box>
      )}
    </Card>
  );
}
