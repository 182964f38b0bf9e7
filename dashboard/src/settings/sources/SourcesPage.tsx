/** Where leads come from. */
import { Button, Dialog, DialogActions, DialogContent, DialogTitle } from "@mui/material";
import { Plug, Plus } from "lucide-react";
import { useState } from "react";
import type { Source } from "../../api/types";
import { canChangeSources, canSeeSources, useMe } from "../../auth";
import { Card } from "../../shell/Card";
import { ConfirmDialog } from "../../shell/ConfirmDialog";
import { notify } from "../../shell/notices";
import { Page } from "../../shell/Page";
import { Rows, RowsLoading } from "../../shell/Rows";
import { EmptyState, ErrorState } from "../../shell/States";
import { useTitle } from "../../shell/useTitle";
import { Allowed } from "../Allowed";
import { Addresses } from "./Addresses";
import { OptInDialog } from "./OptInDialog";
import { PreviewDialog } from "./PreviewDialog";
import { useDeleteSource, useSources } from "./queries";
import { RotateDialog } from "./RotateDialog";
import { SourceDialog } from "./SourceDialog";
import { type SourceAct, SourceRow } from "./SourceRow";

interface ActProps {
  source: Source;
  close: () => void;
}

function AddressesDialog({ source, close }: ActProps) {
  return (
    <Dialog open onClose={close} fullWidth maxWidth="sm" aria-labelledby="addresses-title">
      <DialogTitle id="addresses-title" sx={{ fontSize: "1rem", pb: 1 }}>
        {source.name}
      </DialogTitle>
      <DialogContent sx={{ display: "grid", gap: 2, pt: "8px !important" }}>
        <Addresses source={source} />
      </DialogContent>
      <DialogActions sx={{ px: 3, pb: 2 }}>
        <Button variant="contained" onClick={close}>
          Done
        </Button>
      </DialogActions>
    </Dialog>
  );
}

function DeleteDialog({ source, close }: ActProps) {
  const { mutate, error, isPending } = useDeleteSource();
  return (
    <ConfirmDialog
      title={`Delete ${source.name}?`}
      action="Delete"
      busy={isPending}
      error={error}
      close={close}
      onConfirm={() =>
        mutate(source.id, {
          onSuccess: () => {
            notify("The source is deleted.");
            close();
          },
        })
      }
    >
      Nothing more is taken from it, and its sender is told so. Leads that came in by it stay. This can't be undone.
    </ConfirmDialog>
  );
}

function SourceList({ mayChange }: { mayChange: boolean }) {
  const { data: sources, error, isPending, refetch } = useSources();
  const [asked, setAsked] = useState<{ id: string; act: SourceAct } | null>(null);
  const close = () => setAsked(null);
  if (isPending) return <RowsLoading label="Loading sources" />;
  if (!sources) return <ErrorState error={error} retry={() => void refetch()} compact />;
  if (sources.length === 0) {
    return (
      <EmptyState icon={<Plug size={24} />} title="No sources yet">
        Make one for each form or program that sends leads: it gets an address of its own.
      </EmptyState>
    );
  }
  const source = sources.find(({ id }) => id === asked?.id);
  return (
    <>
      <Rows label="Sources">
        {sources.map((one) => (
          <SourceRow key={one.id} source={one} mayChange={mayChange} onAct={(act) => setAsked({ id: one.id, act })} />
        ))}
      </Rows>
      {source && asked?.act === "addresses" && <AddressesDialog source={source} close={close} />}
      {source && asked?.act === "preview" && <PreviewDialog source={source} mayChange={mayChange} close={close} />}
      {source && asked?.act === "opt-in" && <OptInDialog source={source} close={close} />}
      {source && asked?.act === "rotate" && <RotateDialog source={source} close={close} />}
      {source && asked?.act === "delete" && <DeleteDialog source={source} close={close} />}
    </>
  );
}

export function SourcesPage() {
  useTitle("Sources");
  const mayChange = canChangeSources(useMe().data);
  const [making, setMaking] = useState(false);
  return (
    <Allowed may={canSeeSources}>
      <Page
        title="Sources"
        intro="Each sender of leads has an address of its own."
        action={
          mayChange && (
            <Button variant="contained" startIcon={<Plus size={15} />} onClick={() => setMaking(true)}>
              New source
            </Button>
          )
        }
      >
        <Card title="All sources">
          <SourceList mayChange={mayChange} />
        </Card>
      </Page>
      {making && <SourceDialog close={() => setMaking(false)} />}
    </Allowed>
  );
}
