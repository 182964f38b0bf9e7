import { screen, waitFor } from "@testing-library/react";
import { http } from "msw";
import { ownAddress } from "../router";
import { aLead } from "../test/builders";
import { askedFor, gateway, problem, state } from "../test/gateway";
import { open } from "../test/open";

beforeEach(() => {
  state.session = false;
});

async function signIn({ user }: ReturnType<typeof open>) {
  await user.type(await screen.findByLabelText("Email"), "admin@leadflow.test");
  await user.type(screen.getByLabelText("Password"), "secret");
  await user.click(screen.getByRole("button", { name: "Sign in" }));
}

test("who is not signed in is asked to, and then gets where they were going", async () => {
  const lead = aLead({ name: "Ana Silva" });
  state.leads = [lead];
  const page = open(`/leads/${lead.id}`);
  await signIn(page);
  expect(await screen.findByRole("heading", { name: "Ana Silva" })).toBeInTheDocument();
  expect(askedFor("POST", "/v1/auth/login")[0]?.body).toEqual({ email: "admin@leadflow.test", password: "secret" });
});

test("a wrong password is said where it was typed", async () => {
  gateway.use(http.post("http://localhost/v1/auth/login", () => problem(401, "The password is wrong.")));
  const page = open("/");
  await signIn(page);
  expect(await screen.findByRole("alert")).toHaveTextContent("The password is wrong.");
  expect(screen.getByLabelText("Password")).toBeInvalid();
});

test("an address of somebody else's is nowhere to go back to", async () => {
  const elsewhere = ["//evil.example/x", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/login", 7];
  expect(elsewhere.map(ownAddress)).toEqual(elsewhere.map(() => undefined));
  expect(ownAddress("/leads?status=won")).toBe("/leads?status=won");
  const page = open("/login?next=https%3A%2F%2Fevil.example%2Fx");
  await signIn(page);
  await waitFor(() => expect(page.router.state.location.pathname).toBe("/leads"));
});

test("signing out leads back to the door", async () => {
  state.session = true;
  const { user, router } = open("/leads");
  await user.click((await screen.findAllByRole("button", { name: "Account and appearance" }))[0] as HTMLElement);
  await user.click(screen.getByRole("menuitemradio", { name: "Dark" }));
  expect(document.documentElement).toHaveAttribute("data-dark");
  await user.click(screen.getByRole("menuitem", { name: "Sign out" }));
  expect(await screen.findByRole("heading", { name: "Sign in to Leadflow" })).toBeInTheDocument();
  await waitFor(() => expect(router.state.location.pathname).toBe("/login"));
});

test("when the session ends at work, the door opens, and the way back is kept", async () => {
  state.session = true;
  const { router, queries } = open("/leads?status=won");
  await screen.findByText("No lead matches");
  state.session = false;
  gateway.use(http.get("http://localhost/v1/overview", () => problem(401, "expired")));
  void queries.invalidateQueries();
  await waitFor(() => expect(router.state.location.pathname).toBe("/login"));
  expect(router.state.location.search).toEqual({ next: "/leads?status=won" });
});

test("an address that leads nowhere says so", async () => {
  state.session = true;
  open("/nowhere");
  expect(await screen.findByText("There is nothing at this address")).toBeInTheDocument();
});
