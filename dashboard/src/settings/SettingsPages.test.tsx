import { screen, waitFor, within } from "@testing-library/react";
import { http } from "msw";
import { aUser } from "../test/builders";
import { aKey, anEntry, someUser } from "../test/console";
import { askedFor, gateway, problem, state } from "../test/gateway";
import { open } from "../test/open";

const links = () =>
  within(screen.getByRole("navigation", { name: "Main" }))
    .getAllByRole("link")
    .map((link) => link.textContent)
    .slice(-5);

test("settings are shown to those who may do something there", async () => {
  open("/leads");
  expect(await screen.findByRole("link", { name: "Audit log" })).toBeInTheDocument();
  expect(links()).toEqual(["Sources", "Rejections", "Users", "API keys", "Audit log"]);
});

test("a rep finds no settings, and is told so at their address", async () => {
  state.me = aUser({ role: "rep" });
  open("/settings/users");
  expect(await screen.findByText("This page is for admins")).toBeInTheDocument();
  expect(screen.queryByRole("heading", { name: "Settings" })).not.toBeInTheDocument();
  expect(askedFor("GET", "/v1/users")).toHaveLength(0);
});

test("users are listed with what there is to know about them", async () => {
  state.users = [
    someUser("Ada", { id: "user-1", role: "admin" }),
    someUser("Gone", { disabled: true }),
    someUser("Noor", { invited: true }),
  ];
  open("/settings/users");
  const rows = within(await screen.findByRole("list", { name: "Users" })).getAllByRole("listitem");
  expect(rows[0]).toHaveTextContent("You");
  expect(within(rows[0] as HTMLElement).getByRole("button", { name: "Role of Ada: admin" })).toBeDisabled();
  expect(rows[1]).toHaveTextContent("Disabled");
  expect(rows[2]).toHaveTextContent("Invited");
});

test("somebody is invited, and an address that is taken is said at its field", async () => {
  state.users = [someUser("Ben")];
  const { user } = open("/settings/users");
  await user.click(await screen.findByRole("button", { name: "Invite somebody" }));
  await user.type(screen.getByLabelText(/^Email/), "ben@leadflow.test");
  await user.type(screen.getByLabelText(/^Name/), "Noor{Enter}");
  expect(await screen.findByText("is taken")).toBeInTheDocument();
  await user.clear(screen.getByLabelText(/^Email/));
  await user.type(screen.getByLabelText(/^Email/), "noor@leadflow.test{Enter}");
  expect(await screen.findByText(/is on its way to noor@leadflow.test/)).toBeInTheDocument();
  expect(await screen.findByText("Noor")).toBeInTheDocument();
  expect(askedFor("POST", "/v1/users").at(-1)?.body).toEqual({
    email: "noor@leadflow.test",
    name: "Noor",
    role: "rep",
    person: null,
  });
});

test("a role is given, and somebody is disabled and let in again", async () => {
  state.users = [someUser("Ben")];
  const { user } = open("/settings/users");
  await user.click(await screen.findByRole("button", { name: "Role of Ben: rep" }));
  await user.click(screen.getByRole("menuitemradio", { name: /^Manager/ }));
  expect(await screen.findByRole("button", { name: "Role of Ben: manager" })).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "More about Ben" }));
  await user.click(screen.getByRole("menuitem", { name: "Disable, and end all sessions" }));
  expect(await screen.findByText("Disabled")).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "More about Ben" }));
  await user.click(screen.getByRole("menuitem", { name: "Let in again" }));
  await waitFor(() => expect(screen.queryByText("Disabled")).not.toBeInTheDocument());
});

test("what the gateway refuses is said, and the row stays as it was", async () => {
  state.users = [someUser("Ben", { role: "admin", second_factor: true })];
  gateway.use(http.patch("http://localhost/v1/users/:id", () => problem(409, "This is the last admin")));
  const { user } = open("/settings/users");
  await user.click(await screen.findByRole("button", { name: "Role of Ben: admin" }));
  await user.click(screen.getByRole("menuitemradio", { name: /^Rep/ }));
  expect(await screen.findByText("This is the last admin")).toBeInTheDocument();
  expect(await screen.findByRole("button", { name: "Role of Ben: admin" })).toBeInTheDocument();
});

test("an API key is made with scopes and an end, and shown once", async () => {
  const { user } = open("/settings/keys");
  expect(await screen.findByText("No API keys yet")).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "New API key" }));
  await user.type(screen.getByLabelText(/^Name/), "Website");
  await user.click(await screen.findByRole("checkbox", { name: "leads:write" }));
  await user.click(screen.getByRole("button", { name: "Make the key" }));
  expect(await screen.findByLabelText("API key")).toHaveValue("lf_shown_once");
  const body = askedFor("POST", "/v1/auth/keys")[0]?.body as { expires_at: string };
  expect(body).toMatchObject({ name: "Website", role: "integration", scopes: ["leads:write"] });
  expect(Date.parse(body.expires_at) - Date.now()).toBeGreaterThan(364 * 86_400_000);
  await user.click(screen.getByRole("button", { name: "I have copied it" }));
  await waitFor(() => expect(screen.queryByLabelText("API key")).not.toBeInTheDocument());
  expect(await screen.findByRole("button", { name: "Revoke Website" })).toBeInTheDocument();
});

test("an API key is revoked after one is asked once more", async () => {
  state.keys = [aKey("Old", { scopes: ["leads:write"] }), aKey("Over", { expires_at: "2020-01-01T00:00:00Z" })];
  const { user } = open("/settings/keys");
  await user.click(await screen.findByRole("button", { name: "Revoke Old" }));
  await user.click(screen.getByRole("button", { name: "Revoke" }));
  expect(await screen.findByText("Revoked")).toBeInTheDocument();
  expect(screen.getByText("Expired")).toBeInTheDocument();
  expect(askedFor("DELETE", "/v1/auth/keys/key-Old")).toHaveLength(1);
});

test("the audit log comes page by page, and filters stand in the address", async () => {
  state.audit = [
    anEntry("3"),
    anEntry("2", { actor: "nobody", action: "login", outcome: "refused", status: 401 }),
    anEntry("1"),
  ];
  const { user, router } = open("/settings/audit");
  const rows = async () => within(await screen.findByRole("list", { name: "Audit log" })).getAllByRole("listitem");
  await waitFor(async () => expect((await rows())[0]).toHaveTextContent("Ada Admin: create source"));
  expect(await rows()).toHaveLength(2);
  await user.click(screen.getByRole("button", { name: "More" }));
  await waitFor(async () => expect(await rows()).toHaveLength(3));
  await user.type(screen.getByLabelText("Action"), "login{Enter}");
  await waitFor(async () => expect(await rows()).toHaveLength(1));
  expect(router.state.location.search).toEqual({ action: "login" });
  await user.click(screen.getByRole("button", { name: "Clear" }));
  await waitFor(async () => expect(await rows()).toHaveLength(3));
});

test("a filter that finds nothing says so, and can be lifted", async () => {
  state.audit = [anEntry("1")];
  const { user } = open("/settings/audit?actor=nobody&outcome=nonsense");
  expect(await screen.findByText("No entry matches")).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Show all entries" }));
  expect(await screen.findByRole("list", { name: "Audit log" })).toBeInTheDocument();
});
