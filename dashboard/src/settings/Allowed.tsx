import { Lock } from "lucide-react";
import type { ReactNode } from "react";
import type { Me } from "../api/types";
import { useMe } from "../auth";
import { PagePending } from "../shell/pages";
import { EmptyState, ErrorState } from "../shell/States";

/** A page for some roles only. The gateway refuses the others anyway; this tells them instead of letting them try. */
export function Allowed({ may, children }: { may: (me: Me | undefined) => boolean; children: ReactNode }) {
  const { data: me, error, isPending, refetch } = useMe();
  if (isPending) return <PagePending />;
  if (!me) return <ErrorState error={error} retry={() => void refetch()} />;
  if (may(me)) return children;
  return (
    <EmptyState icon={<Lock size={24} />} title="This page is for admins">
      Ask an admin for what you need here.
    </EmptyState>
  );
}
