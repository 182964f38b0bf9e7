import { act, screen, waitFor, within } from "@testing-library/react";
import { http } from "msw";
import { aLead, ANA } from "../test/builders";
import { askedFor, gateway, problem, state } from "../test/gateway";
import { open } from "../test/open";

const rows = () => screen.getAllByTestId("lead-row");
const names = () => rows().map((row) => within(row).getByRole("link").textContent);

/** The newest first, as the gateway gives them. */
function leads(count: number) {
  state.leads = Array.from({ length: count }, (_, index) => aLead({ name: `Lead ${index}` })).reverse();
}

const changed = (lead: string, ...types: string[]) =>
  act(async () => {
    const data = JSON.stringify({ lead, version: 1, partition: 0, offset: 1, types });
    state.say?.(`id: 0-1\nevent: lead.changed\ndata: ${data}\n\n`);
    await Promise.resolve();
  });

test("every lead is a row with name, company, status, score and owner", async () => {
  state.leads = [
    aLead({ name: "Ana Silva", company: "Acme", status: "qualified", score: -10, grade: "D", owner: ANA }),
  ];
  open("/leads");
  const row = await screen.findByTestId("lead-row");
  expect(row).toHaveTextContent("Acme");
  expect(row).toHaveTextContent("Qualified");
  expect(within(row).getByLabelText("Score -10, grade D")).toHaveTextContent("D−10");
  await waitFor(() => expect(row).toHaveTextContent("Ana Rep"));
  expect(within(row).getByRole("link", { name: "Ana Silva" })).toHaveAttribute("href", `/leads/${state.leads[0]?.id}`);
  expect(document.title).toBe("Leads · Leadflow");
});

test("a lead whose consent is to be confirmed is marked, and no other is", async () => {
  state.leads = [aLead({ name: "Ana Silva", awaits_confirmation: true }), aLead({ name: "Ben Okafor" })];
  open("/leads");
  const [ana, ben] = await screen.findAllByTestId("lead-row");
  expect(within(ana as HTMLElement).getByRole("img", { name: "Confirmation awaited" })).toBeInTheDocument();
  expect(within(ben as HTMLElement).queryByRole("img", { name: "Confirmation awaited" })).not.toBeInTheDocument();
});

test("the overview counts, and leads to what it counts", async () => {
  open("/leads");
  const overview = within(await screen.findByRole("region", { name: "Overview" }));
  expect(await overview.findByText("1,234")).toBeInTheDocument();
  expect(overview.getByRole("link", { name: /Unassigned\s*3/ })).toHaveAttribute("href", "/leads?owner=none");
  expect(overview.getByRole("link", { name: /Won 2/ })).toHaveAttribute("href", "/leads?status=won");
});

test("more leads come page by page", async () => {
  leads(7);
  const { user } = open("/leads");
  await waitFor(() => expect(rows()).toHaveLength(3));
  await user.click(screen.getByRole("button", { name: "Load more" }));
  await waitFor(() => expect(rows()).toHaveLength(6));
  await user.click(screen.getByRole("button", { name: "Load more" }));
  await waitFor(() => expect(rows()).toHaveLength(7));
  expect(screen.queryByRole("button", { name: "Load more" })).not.toBeInTheDocument();
  expect(rows().every((row) => row.dataset.fresh === "false")).toBe(true);
});

test("typing searches once it pauses, and says so in the address", async () => {
  state.leads = [aLead({ name: "Ana Silva" }), aLead({ name: "Ben Okafor" })];
  const { user, router } = open("/leads");
  await screen.findByText("Ben Okafor");
  await user.keyboard("/");
  await user.paste("ana");
  await waitFor(() => expect(names()).toEqual(["Ana Silva"]));
  expect(router.state.location.search).toEqual({ q: "ana" });
  await waitFor(() => expect(askedFor("GET", "/v1/leads")).toHaveLength(2));
  await user.keyboard("{Escape}");
  await waitFor(() => expect(names()).toHaveLength(2));
});

test("a filter narrows the list and can be lifted", async () => {
  state.leads = [aLead({ name: "New one" }), aLead({ name: "Won one", status: "won" })];
  const { user } = open("/leads");
  await screen.findByText("New one");
  await user.click(screen.getByRole("button", { name: "Status" }));
  await user.click(screen.getByRole("menuitemradio", { name: "Won" }));
  await waitFor(() => expect(names()).toEqual(["Won one"]));
  expect(screen.getByRole("button", { name: "Status: Won" })).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Clear" }));
  await waitFor(() => expect(names()).toHaveLength(2));
});

test("a new lead shows up on top by itself, and stands out", async () => {
  leads(2);
  open("/leads");
  await waitFor(() => expect(rows()).toHaveLength(2));
  await waitFor(() => expect(state.say).not.toBeNull());
  const late = aLead({ name: "Late Comer" });
  state.leads.unshift(late);
  await changed(late.id, "lead.captured.v1");
  await waitFor(() => {
    expect(names()[0]).toBe("Late Comer");
    expect(rows().map((row) => row.dataset.fresh)).toEqual(["true", "false", "false"]);
    expect(screen.getByText("1 new lead")).toBeInTheDocument();
  });
});

test("the dot says that changes come live", async () => {
  open("/leads");
  await waitFor(() =>
    expect(screen.getAllByRole("status", { name: "Live changes: Live" })[0]).toHaveTextContent(/Live · updated/),
  );
});

test("a stream that asks for it gets everything fetched again", async () => {
  open("/leads");
  await waitFor(() => expect(state.say).not.toBeNull());
  await waitFor(() => expect(askedFor("GET", "/v1/overview")).toHaveLength(1));
  state.say?.("event: resync\ndata: {}\n\n");
  await waitFor(() => expect(askedFor("GET", "/v1/overview").length).toBeGreaterThan(1));
});

test("nothing yet and nothing found are said differently", async () => {
  const { user } = open("/leads?q=zzz");
  expect(await screen.findByText("No lead matches")).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Show all leads" }));
  expect(await screen.findByText("No leads yet")).toBeInTheDocument();
});

test("a server in trouble is said, and can be asked again", async () => {
  gateway.use(http.get("http://localhost/v1/leads", () => problem(503, "Temporarily unavailable"), { once: true }));
  leads(1);
  const { user } = open("/leads");
  expect(await screen.findByRole("alert")).toHaveTextContent("Temporarily unavailable");
  await user.click(screen.getByRole("button", { name: "Try again" }));
  await waitFor(() => expect(rows()).toHaveLength(1));
});

test("arrow keys go from lead to lead, Enter opens one", async () => {
  leads(3);
  const { user, router } = open("/leads");
  await waitFor(() => expect(rows()).toHaveLength(3));
  screen.getByRole("link", { name: "Lead 2" }).focus();
  await user.keyboard("{ArrowDown}j{ArrowUp}");
  expect(screen.getByRole("link", { name: "Lead 1" })).toHaveFocus();
  await user.keyboard("{Enter}");
  await waitFor(() => expect(router.state.location.pathname).toMatch(/^\/leads\/lead-/));
});
