/** Who may sign in, as what. */
import { Button } from "@mui/material";
import { UserPlus } from "lucide-react";
import { useState } from "react";
import { canManageUsers, useMe } from "../../auth";
import { Card } from "../../shell/Card";
import { Page } from "../../shell/Page";
import { Rows, RowsLoading } from "../../shell/Rows";
import { ErrorState } from "../../shell/States";
import { useTitle } from "../../shell/useTitle";
import { Allowed } from "../Allowed";
import { InviteDialog } from "./InviteDialog";
import { useUsers } from "./queries";
import { UserRow } from "./UserRow";

function UserList() {
  const { data, error, isPending, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useUsers();
  const { data: me } = useMe();
  if (isPending) return <RowsLoading label="Loading users" count={4} />;
  if (!data) return <ErrorState error={error} retry={() => void refetch()} compact />;
  return (
    <>
      <Rows label="Users">
        {data.pages
          .flatMap((page) => page.items)
          .map((user) => (
            <UserRow key={user.id} user={user} isMe={user.id === me?.id} />
          ))}
      </Rows>
      {hasNextPage && (
        <Button onClick={() => void fetchNextPage()} loading={isFetchingNextPage}>
          More users
        </Button>
      )}
    </>
  );
}

export function UsersPage() {
  useTitle("Users");
  const [inviting, setInviting] = useState(false);
  return (
    <Allowed may={canManageUsers}>
      <Page
        title="Users"
        intro="Who may sign in, and what they may do."
        action={
          <Button variant="contained" startIcon={<UserPlus size={15} />} onClick={() => setInviting(true)}>
            Invite somebody
          </Button>
        }
      >
        <Card title="All users">
          <UserList />
        </Card>
      </Page>
      {inviting && <InviteDialog close={() => setInviting(false)} />}
    </Allowed>
  );
}
