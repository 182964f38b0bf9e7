/** My account: the password, the second factor, and where I am signed in. */
import { useMe } from "../auth";
import { Page } from "../shell/Page";
import { useTitle } from "../shell/useTitle";
import { FactorCard } from "./FactorCard";
import { PasswordCard } from "./PasswordCard";
import { SessionsCard } from "./SessionsCard";

export function AccountPage() {
  useTitle("My account");
  const { data: me } = useMe();
  return (
    <Page title="My account" intro={me ? `${me.name} · ${me.email} · ${me.role}` : "\u00a0"}>
      <PasswordCard email={me?.email ?? ""} />
      <FactorCard />
      <SessionsCard />
    </Page>
  );
}
