/** API keys: what machines sign in with. */
import { Button } from "@mui/material";
import { KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import type { ApiKey } from "../../api/types";
import { canManageUsers } from "../../auth";
import { Card } from "../../shell/Card";
import { ConfirmDialog } from "../../shell/ConfirmDialog";
import { sentence } from "../../shell/names";
import { notify } from "../../shell/notices";
import { Page } from "../../shell/Page";
import { RelativeTime } from "../../shell/RelativeTime";
import { Row, Rows, RowsLoading } from "../../shell/Rows";
import { EmptyState, ErrorState } from "../../shell/States";
import { Tag } from "../../shell/Tag";
import { useNow } from "../../shell/useNow";
import { useTitle } from "../../shell/useTitle";
import { Allowed } from "../Allowed";
import { KeyDialog } from "./KeyDialog";
import { useKeys, useRevokeKey } from "./queries";

function RevokeDialog({ apiKey, close }: { apiKey: ApiKey; close: () => void }) {
  const { mutate, error, isPending } = useRevokeKey();
  return (
    <ConfirmDialog
      title={`Revoke ${apiKey.name}?`}
      action="Revoke"
      busy={isPending}
      error={error}
      close={close}
      onConfirm={() =>
        mutate(apiKey.id, {
          onSuccess: () => {
            notify("The key is revoked.");
            close();
          },
        })
      }
    >
      Whatever uses this key is refused from now on. This can't be undone.
    </ConfirmDialog>
  );
}

function KeyRow({ apiKey, revoke }: { apiKey: ApiKey; revoke: () => void }) {
  const now = useNow();
  const over = apiKey.expires_at !== null && Date.parse(apiKey.expires_at) <= now;
  const dead = apiKey.revoked_at !== null || over;
  return (
    <Row
      title={apiKey.name}
      faded={dead}
      tags={
        <>
          <Tag>{sentence(apiKey.role)}</Tag>
          {apiKey.revoked_at && <Tag tone="bad">Revoked</Tag>}
          {!apiKey.revoked_at && over && <Tag tone="bad">Expired</Tag>}
        </>
      }
      about={
        <>
          {apiKey.scopes ? apiKey.scopes.join(", ") : "all that its role may"} ·{" "}
          {apiKey.last_used_at ? (
            <>
              used <RelativeTime at={apiKey.last_used_at} />
            </>
          ) : (
            "never used"
          )}
          {!dead && apiKey.expires_at && ` · until ${new Date(apiKey.expires_at).toLocaleDateString()}`}
        </>
      }
      actions={
        !dead && (
          <Button color="error" onClick={revoke} aria-label={`Revoke ${apiKey.name}`}>
            Revoke
          </Button>
        )
      }
    />
  );
}

function KeyList() {
  const { data: keys, error, isPending, refetch } = useKeys();
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  if (isPending) return <RowsLoading label="Loading API keys" />;
  if (!keys) return <ErrorState error={error} retry={() => void refetch()} compact />;
  if (keys.length === 0) {
    return (
      <EmptyState icon={<KeyRound size={24} />} title="No API keys yet">
        Make one for each program that sends or reads leads, so that each can be revoked alone.
      </EmptyState>
    );
  }
  return (
    <>
      <Rows label="API keys">
        {keys.map((apiKey) => (
          <KeyRow key={apiKey.id} apiKey={apiKey} revoke={() => setRevoking(apiKey)} />
        ))}
      </Rows>
      {revoking && <RevokeDialog apiKey={revoking} close={() => setRevoking(null)} />}
    </>
  );
}

export function KeysPage() {
  useTitle("API keys");
  const [making, setMaking] = useState(false);
  return (
    <Allowed may={canManageUsers}>
      <Page
        title="API keys"
        intro="For programs. People sign in with their password."
        action={
          <Button variant="contained" startIcon={<Plus size={15} />} onClick={() => setMaking(true)}>
            New API key
          </Button>
        }
      >
        <Card title="All keys">
          <KeyList />
        </Card>
      </Page>
      {making && <KeyDialog close={() => setMaking(false)} />}
    </Allowed>
  );
}
