import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import type { Duplicate, Lead } from "../../api/types";
import { aFact, aLead, aUser } from "../../test/builders";
import { askedFor, gateway, problem, state } from "../../test/gateway";
import { open } from "../../test/open";

const ID = "0194f7a2-0000-7000-8000-00000000000";
const at = (path: string) => `http://localhost${path}`;

const asDuplicate = ({ id, name, email, phone, company, owner }: Lead): Duplicate => ({
  id,
  name,
  email,
  phone,
  company,
  owner,
});

/** Ana at work, and Ana at home, who may be the same; and somebody else. */
async function openAna(known: Partial<Lead> = {}, suggested = true) {
  const ana = aLead({ id: `${ID}1`, name: "Ana Silva", email: "ana@work.example", version: 1, ...known });
  const home = aLead({ id: `${ID}2`, name: "A. Silva", email: "ana@home.example", phone: "+49 30 1", status: "won" });
  state.leads = [ana, home, aLead({ id: `${ID}3`, name: "Ben Okafor" })];
  if (suggested) state.duplicates = [asDuplicate(home)];
  const page = open(`/leads/${ana.id}`);
  await screen.findByRole("heading", { name: "Ana Silva" });
  return { ...page, ana, home };
}

type Page = Awaited<ReturnType<typeof openAna>>;

async function compare({ user }: Page) {
  await user.click(await screen.findByRole("button", { name: "Compare" }));
  const dialog = within(screen.getByRole("dialog"));
  await dialog.findByRole("table", { name: "The two leads" });
  return dialog;
}

const mergedInto = (ana: Lead, home: Lead) => {
  ana.merged = [home.id];
  home.merged_into = ana.id;
};

test("somebody with the same number is pointed out, compared, and made one with this lead", async () => {
  const page = await openAna();
  const { user, ana, home, router } = page;
  const hint = await screen.findByRole("region", { name: "Perhaps the same person" });
  expect(hint).toHaveTextContent("Perhaps the same person: A. Silva (ana@home.example) · same number");
  const dialog = await compare(page);
  const kept = (field: string) => dialog.getByTestId(`line-${field}`).dataset.kept;
  expect(["name", "phone", "status", "score"].map(kept)).toEqual(["stays", "ends", "ends", "none"]);
  expect(dialog.getByText(/ends as a lead of its own and goes on as/)).toHaveTextContent(/You can take this back/);
  state.duplicates = [];
  await user.click(dialog.getByRole("button", { name: "Merge into Ana Silva" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  expect(screen.getByRole("alert")).toHaveTextContent("Merged into Ana Silva.");
  expect(askedFor("POST", `/v1/leads/${ana.id}/merge`)[0]?.body).toEqual({ lead_id: home.id });
  const known = within(await screen.findByRole("region", { name: "Also known as" }));
  expect(await known.findByText("ana@home.example")).toBeInTheDocument();
  await waitFor(() => expect(screen.queryByRole("region", { name: "Perhaps the same person" })).toBeNull());
  expect(router.state.location.pathname).toBe(`/leads/${ana.id}`);
});

test("the other one may stay: then its page is shown", async () => {
  const page = await openAna();
  const { user, ana, home, router } = page;
  const dialog = await compare(page);
  await user.click(dialog.getByRole("button", { name: "Let the other lead stay" }));
  expect(dialog.getByTestId("line-phone").dataset.kept).toBe("stays");
  await user.click(dialog.getByRole("button", { name: "Merge into A. Silva" }));
  expect(await screen.findByRole("heading", { name: "A. Silva" })).toBeInTheDocument();
  expect(router.state.location.pathname).toBe(`/leads/${home.id}`);
  expect(askedFor("POST", `/v1/leads/${home.id}/merge`)[0]?.body).toEqual({ lead_id: ana.id });
  expect(screen.getByRole("alert")).toHaveTextContent("Merged into A. Silva.");
});

test("another lead is searched for once typing pauses, and this one is not among those found", async () => {
  const { user } = await openAna();
  await user.click(await screen.findByRole("button", { name: "More actions" }));
  await user.click(screen.getByRole("menuitem", { name: "Merge with…" }));
  const dialog = within(screen.getByRole("dialog", { name: "Merge Ana Silva with…" }));
  expect(await dialog.findByRole("button", { name: /A\. Silva.*Same number/ })).toBeInTheDocument();
  const box = dialog.getByRole("textbox", { name: "Search the other lead" });
  await user.type(box, "silva");
  await waitFor(() => expect(askedFor("GET", "/v1/leads").some(({ search }) => search.includes("q=silva"))).toBe(true));
  expect(askedFor("GET", "/v1/leads").length).toBeLessThan("silva".length);
  expect(dialog.queryByRole("region", { name: "Found" })).not.toBeInTheDocument(); // who is suggested isn't shown twice
  await user.clear(box);
  await user.type(box, "nobody");
  expect(await dialog.findByText(/No other lead’s name, email or company begins with “nobody”/)).toBeInTheDocument();
  await user.clear(box);
  await user.type(box, "ben");
  await user.click(await dialog.findByRole("button", { name: /Ben Okafor/ }));
  const between = within(await screen.findByRole("dialog", { name: "Are they one person?" }));
  await user.click(await between.findByRole("button", { name: "Choose another" }));
  expect(await screen.findByRole("dialog", { name: "Merge Ana Silva with…" })).toBeInTheDocument();
});

test("of several that may be the same person, one is chosen", async () => {
  const page = await openAna();
  state.duplicates = state.leads.slice(1).map(asDuplicate);
  await page.queries.invalidateQueries();
  const hint = await screen.findByRole("region", { name: "Perhaps the same person" });
  await waitFor(() => expect(hint).toHaveTextContent("and 1 more"));
  await page.user.click(within(hint).getByRole("button", { name: "Compare" }));
  const dialog = within(screen.getByRole("dialog"));
  expect(await dialog.findByRole("button", { name: /Ben Okafor/ })).toBeInTheDocument();
});

test("a merge that is declined says why, where it was asked for", async () => {
  gateway.use(
    http.post(at("/v1/leads/:id/merge"), () =>
      problem(422, "100 leads at most can be one", undefined, { slug: "declined" }),
    ),
  );
  const page = await openAna();
  const dialog = await compare(page);
  await page.user.click(dialog.getByRole("button", { name: "Merge into Ana Silva" }));
  expect(await dialog.findByRole("alert")).toHaveTextContent("Not merged: 100 leads at most can be one.");
  await page.user.click(dialog.getByRole("button", { name: "Let the other lead stay" }));
  expect(dialog.queryByRole("alert")).not.toBeInTheDocument();
});

test("a lead that is gone can't be compared with, one that is part of this one needn't be", async () => {
  const page = await openAna();
  const { user, ana, home } = page;
  state.leads = state.leads.filter(({ id }) => id !== home.id);
  await user.click(await screen.findByRole("button", { name: "Compare" }));
  expect(await screen.findByText(/one of the two is no longer there/)).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Cancel" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  state.leads.push(home);
  mergedInto(ana, home);
  await user.click(screen.getByRole("button", { name: "Compare" }));
  expect(await screen.findByText("These two are one lead already.")).toBeInTheDocument();
});

describe("a merge that takes longer than the gateway waits", () => {
  const looks = (...states: { status: string; detail?: string }[]) => {
    gateway.use(
      http.post(at("/v1/leads/:id/merge"), () =>
        HttpResponse.json({ command_id: "c-1", status: "pending", status_url: "/v1/commands/c-1" }, { status: 202 }),
      ),
      http.get(at("/v1/commands/c-1"), () =>
        HttpResponse.json({ command_id: "c-1", ...(states.length > 1 ? states.shift() : states[0]) }),
      ),
    );
  };

  test("is waited for", async () => {
    looks({ status: "pending" }, { status: "done" });
    const page = await openAna();
    const dialog = await compare(page);
    await page.user.click(dialog.getByRole("button", { name: "Merge into Ana Silva" }));
    expect(dialog.getByRole("button", { name: "Cancel" })).toBeDisabled();
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
    expect(askedFor("GET", "/v1/commands/c-1")).toHaveLength(2);
  });

  test.each([
    [{ status: "declined", detail: "the other lead was erased" }, "Not merged: the other lead was erased."],
    [{ status: "moved", detail: `${ID}9` }, "Not merged: one of the two was merged into another lead in the meantime."],
  ])("and refused in the end: %j", async (found, said) => {
    looks(found);
    const page = await openAna();
    const dialog = await compare(page);
    await page.user.click(dialog.getByRole("button", { name: "Merge into Ana Silva" }));
    expect(await dialog.findByRole("alert")).toHaveTextContent(said);
  });
});

test("a merge is taken back, after asking once more", async () => {
  const { user, ana, home, queries } = await openAna({}, false);
  mergedInto(ana, home);
  await queries.invalidateQueries();
  await user.click(await screen.findByRole("button", { name: "Take the merge with A. Silva back" }));
  const dialog = within(screen.getByRole("dialog", { name: "Take the merge back?" }));
  gateway.use(
    http.post(
      at("/v1/leads/:id/unmerge"),
      () => problem(422, "this lead is part of another: take that merge back first", undefined, { slug: "declined" }),
      { once: true },
    ),
  );
  await user.click(dialog.getByRole("button", { name: "Take it back" }));
  expect(await dialog.findByRole("alert")).toHaveTextContent("Not taken back: this lead is part of another");
  await user.click(dialog.getByRole("button", { name: "Take it back" }));
  await waitFor(() => expect(screen.queryByRole("region", { name: "Also known as" })).not.toBeInTheDocument());
  expect(askedFor("POST", `/v1/leads/${ana.id}/unmerge`).at(-1)?.body).toEqual({ lead_id: home.id });
  expect(home.merged_into).toBeNull();
});

test("a merged lead that isn't this user's to see is called by its id, and many are shown in part", async () => {
  const ids = Array.from({ length: 7 }, (_, index) => `${ID}${index + 2}`);
  const { user } = await openAna({ merged: ids, version: 5000 }, false);
  state.leads = state.leads.slice(0, 1);
  const known = within(await screen.findByRole("region", { name: "Also known as" }));
  expect(await known.findByText("Lead …00000004")).toBeInTheDocument();
  expect(known.getAllByRole("listitem")).toHaveLength(5);
  await user.click(known.getByRole("button", { name: "Show all 7" }));
  expect(known.getAllByRole("listitem")).toHaveLength(7);
});

test("the address of a merged lead leads to the one that it goes on as, and back to itself once that is undone", async () => {
  const ana = aLead({ id: `${ID}1`, name: "Ana Silva" });
  const home = aLead({ id: `${ID}2`, name: "A. Silva" });
  mergedInto(ana, home);
  state.leads = [ana, home];
  const { router } = open(`/leads/${home.id}`);
  expect(await screen.findByRole("heading", { name: "Ana Silva" })).toBeInTheDocument();
  await waitFor(() => expect(router.state.location.pathname).toBe(`/leads/${ana.id}`));
  expect(screen.getByRole("alert")).toHaveTextContent("This lead was merged into Ana Silva");
  Object.assign(home, { merged_into: null });
  await router.navigate({ to: "/leads/$id", params: { id: home.id } });
  expect(await screen.findByRole("heading", { name: "A. Silva" })).toBeInTheDocument();
  expect(router.state.location.pathname).toBe(`/leads/${home.id}`);
});

test("what the other lead brought is marked in the timeline", async () => {
  const brought = { merged_from: `${ID}2`, happened_at: "2026-03-03T10:00:00Z" };
  state.timeline = [
    aFact("lead.released.v1"),
    aFact("lead.absorbed.v1", { title: "Note", text: "Called", detail: { ...brought, fact_type: "lead.noted.v1" } }),
    aFact("lead.noted.v1", { title: "Note", text: "Ours" }),
  ];
  await openAna({}, false);
  const entries = await screen.findAllByTestId("timeline-entry");
  const whole = entries.map((entry) => entry.parentElement?.textContent ?? "");
  expect(whole[0]).toContain("A merge was taken back");
  expect(whole[1]).toMatch(/Called.*from the other lead · .*2026/);
  expect(whole[2]).not.toContain("from the other lead");
});

test("an analyst is told who may be the same person, and can't merge", async () => {
  state.me = aUser({ role: "analyst", person: null });
  const { ana, home, queries } = await openAna();
  mergedInto(ana, home);
  await queries.invalidateQueries();
  expect(await screen.findByRole("link", { name: "A. Silva" })).toHaveAttribute("href", `/leads/${home.id}`);
  expect(await screen.findByRole("region", { name: "Also known as" })).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "Compare" })).not.toBeInTheDocument();
  expect(screen.queryByRole("button", { name: /Take the merge/ })).not.toBeInTheDocument();
});
