import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import type { Lead } from "../api/types";
import { aFact, aHop, aLead, ANA, aReceipt, aUser } from "../test/builders";
import { askedFor, gateway, problem, state } from "../test/gateway";
import { open } from "../test/open";

function lead(known: Partial<Lead> = {}): Lead {
  const one = aLead({ name: "Ana Silva", ...known });
  state.leads = [one];
  return one;
}

async function openLead(known: Partial<Lead> = {}) {
  const { id } = lead(known);
  const page = open(`/leads/${id}`);
  await screen.findByRole("heading", { name: "Ana Silva" });
  return { ...page, id };
}

test("who it is, what they answered and what they allowed", async () => {
  await openLead({
    phone: "+49 30 123",
    answers: { "Team size?": "50" },
    campaign: { utm_source: "google" },
    consent: true,
    consents: { newsletter: false },
  });
  expect(screen.getByRole("link", { name: "+49 30 123" })).toHaveAttribute("href", "tel:+4930123");
  expect(screen.getByText("Team size?")).toBeInTheDocument();
  expect(screen.getByText("UTM source")).toBeInTheDocument();
  const consent = within(screen.getByRole("region", { name: "Consent" }));
  expect(consent.getByText("Given")).toBeInTheDocument();
  expect(consent.getByText("Refused")).toBeInTheDocument();
  await waitFor(() => expect(document.title).toBe("Ana Silva · Leadflow"));
});

test("consent that waits for a confirmation by mail is said to", async () => {
  await openLead({ consent: null, awaits_confirmation: true });
  const consent = within(screen.getByRole("region", { name: "Consent" }));
  expect(consent.getByText("Not confirmed yet")).toBeInTheDocument();
  expect(consent.getByText("Confirmation awaited")).toBeInTheDocument();
});

test("the receipt's lines add up to the score", async () => {
  await openLead();
  const lines = await screen.findAllByTestId("receipt-line");
  expect(lines.map((line) => line.textContent)).toEqual([
    "Asked for a demo+30",
    "Saw the pricing page × 2+20",
    "Free mail address−5",
  ]);
  expect(screen.getByTestId("receipt-total")).toHaveTextContent("45");
  expect(screen.getByTestId("receipt-check")).toHaveAttribute("data-adds-up", "true");
});

test("a receipt that does not add up is an alarm", async () => {
  state.score = aReceipt({ score: 50 });
  await openLead();
  expect(await screen.findByRole("alert")).toHaveTextContent("add up to 45, not to 50");
});

test("no points and no score are told apart", async () => {
  state.score = aReceipt({ score: 0, grade: "D", receipt: [] });
  const { unmount } = await openLead();
  expect(await screen.findByText("No rule has given points yet.")).toBeInTheDocument();
  expect(screen.getByTestId("receipt-total")).toHaveTextContent("0");
  unmount();
  state.score = aReceipt({ score: null, grade: null, rules_version: null, receipt: [] });
  await openLead({ score: null, grade: null });
  expect(await screen.findByText("Not scored yet.")).toBeInTheDocument();
  expect(screen.getByText("Not scored")).toBeInTheDocument();
});

test("the timeline says who did what, day by day", async () => {
  state.timeline = [
    aFact("lead.noted.v1", { title: "Note", actor: ANA, text: "Called back" }),
    aFact("lead.captured.v1", {
      title: "Form submitted",
      at: "2026-11-20T08:00:00Z",
      detail: { source: { vendor: "typeform" } },
    }),
  ];
  await openLead();
  const entries = await screen.findAllByTestId("timeline-entry");
  expect(entries.map((entry) => entry.dataset.type)).toEqual(["lead.noted", "lead.captured"]);
  await waitFor(() => expect(entries[0]).toHaveTextContent("Note by Ana Rep"));
  expect(screen.getByText("Called back")).toBeInTheDocument();
});

test("a new status is sent with the version seen, and shown at once", async () => {
  const { user, id } = await openLead({ version: 41 });
  await user.click(await screen.findByRole("button", { name: "Status: New" }));
  await user.click(screen.getByRole("menuitemradio", { name: "Contacted" }));
  expect(await screen.findByRole("button", { name: "Status: Contacted" })).toBeInTheDocument();
  await waitFor(() => expect(askedFor("PATCH", `/v1/leads/${id}`)).toHaveLength(1));
  const [asked] = askedFor("PATCH", `/v1/leads/${id}`);
  expect(asked?.body).toEqual({ status: "contacted" });
  expect(asked?.headers.get("If-Match")).toBe('"41"');
});

test("when somebody else was faster, the change is taken back and said", async () => {
  gateway.use(http.patch("http://localhost/v1/leads/:id", () => problem(412, "The lead has changed")));
  const { user } = await openLead();
  await user.click(await screen.findByRole("button", { name: "Status: New" }));
  await user.click(screen.getByRole("menuitemradio", { name: "Won" }));
  expect(await screen.findByRole("alert")).toHaveTextContent(/Someone else changed this/);
  expect(screen.getByRole("button", { name: "Status: New" })).toBeInTheDocument();
});

test("what was just changed does not jump back while the list follows the log", async () => {
  const { user, id } = await openLead({ version: 1000 });
  const old = { ...state.leads[0] };
  let behind = 2;
  gateway.use(
    http.get("http://localhost/v1/leads/:id", () => HttpResponse.json(behind-- > 0 ? old : (state.leads[0] ?? null))),
  );
  await user.click(await screen.findByRole("button", { name: "Status: New" }));
  await user.click(screen.getByRole("menuitemradio", { name: "Won" }));
  await waitFor(() => expect(askedFor("GET", `/v1/leads/${id}`).length).toBeGreaterThanOrEqual(4));
  expect(screen.getByRole("button", { name: "Status: Won" })).toBeInTheDocument();
});

test("two changes in a row are both shown while the first is still under way, and go out one by one", async () => {
  const { user, id } = await openLead({ version: 2000 });
  let answer: () => void = () => undefined;
  gateway.use(
    http.patch(
      "http://localhost/v1/leads/:id",
      async () => {
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
        Object.assign(state.leads[0] ?? {}, { status: "won", version: 2001 });
        return HttpResponse.json({ id, version: 2001, position: "1-9" });
      },
      { once: true },
    ),
  );
  await user.click(await screen.findByRole("button", { name: "Status: New" }));
  await user.click(screen.getByRole("menuitemradio", { name: "Won" }));
  await user.click(screen.getByRole("button", { name: "Owner: Nobody" }));
  await user.click(await screen.findByRole("menuitemradio", { name: "Ana Rep" }));
  expect(await screen.findByRole("button", { name: "Status: Won" })).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Owner: Ana Rep" })).toBeInTheDocument();
  expect(askedFor("POST", `/v1/leads/${id}/assign`)).toHaveLength(0);
  answer();
  await waitFor(() => expect(askedFor("POST", `/v1/leads/${id}/assign`)).toHaveLength(1));
  expect(askedFor("POST", `/v1/leads/${id}/assign`)[0]?.headers.get("If-Match")).toBe('"2001"');
  expect(screen.getByRole("button", { name: "Owner: Ana Rep" })).toBeInTheDocument();
});

test("a lead is given to somebody", async () => {
  const { user, id } = await openLead();
  await user.click(await screen.findByRole("button", { name: "Owner: Nobody" }));
  await user.click(await screen.findByRole("menuitemradio", { name: "Ana Rep" }));
  expect(await screen.findByRole("button", { name: "Owner: Ana Rep" })).toBeInTheDocument();
  await waitFor(() => expect(askedFor("POST", `/v1/leads/${id}/assign`)[0]?.body).toEqual({ owner: ANA }));
});

test("a note is there at once, and once", async () => {
  let answer: () => void = () => undefined;
  gateway.use(
    http.post("http://localhost/v1/leads/:id/notes", async ({ params }) => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return HttpResponse.json({ id: String(params.id), version: 11, position: "1-9" }, { status: 201 });
    }),
  );
  const { user, id } = await openLead();
  await user.type(await screen.findByRole("textbox", { name: "Note" }), "  Wants a demo ");
  await user.keyboard("{Control>}{Enter}{/Control}");
  expect(await screen.findByText("Wants a demo")).toBeInTheDocument();
  expect(screen.getByText("being saved")).toBeInTheDocument();
  await waitFor(() => expect(askedFor("POST", `/v1/leads/${id}/notes`)[0]?.body).toEqual({ text: "Wants a demo" }));
  expect(askedFor("POST", `/v1/leads/${id}/notes`)[0]?.headers.get("Idempotency-Key")).toMatch(/^[0-9a-f]{32}$/);
  state.timeline = [aFact("lead.noted.v1", { title: "Note", text: "Wants a demo" })];
  answer();
  await waitFor(() => expect(screen.queryByText("being saved")).not.toBeInTheDocument());
  expect(screen.getAllByText("Wants a demo")).toHaveLength(1);
  expect(askedFor("POST", `/v1/leads/${id}/notes`)).toHaveLength(1);
});

test("a note that could not be sent is back in the box", async () => {
  gateway.use(http.post("http://localhost/v1/leads/:id/notes", () => problem(503, "Temporarily unavailable")));
  const { user } = await openLead();
  const box = await screen.findByRole("textbox", { name: "Note" });
  await user.type(box, "Wants a demo");
  await user.click(screen.getByRole("button", { name: "Add note" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("Temporarily unavailable");
  expect(box).toHaveValue("Wants a demo");
});

test("editing sends what changed, and a wrong field says what is wrong", async () => {
  gateway.use(
    http.patch(
      "http://localhost/v1/leads/:id",
      () => problem(422, "Invalid", [{ field: "phone", message: "is no number" }]),
      {
        once: true,
      },
    ),
  );
  const { user, id } = await openLead({ first_name: "Ana", company: "Acme" });
  await user.click(await screen.findByRole("button", { name: "Edit details" }));
  const dialog = within(screen.getByRole("dialog"));
  await user.type(dialog.getByLabelText("Phone"), "x");
  await user.clear(dialog.getByLabelText("Company"));
  await user.click(dialog.getByRole("button", { name: "Save" }));
  expect(await dialog.findByRole("alert")).toHaveTextContent("Phone: is no number");
  expect(dialog.getByLabelText("Phone")).toBeInvalid();
  await user.click(dialog.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  expect(askedFor("PATCH", `/v1/leads/${id}`).at(-1)?.body).toEqual({ phone: "x", company: null });
});

test("how it got here, hop by hop", async () => {
  state.trace.hops = [
    aHop("intake", { at: "2026-11-22T08:00:00.000Z" }),
    aHop("identity", { at: "2026-11-22T08:00:00.041Z", verdict: "new person" }),
    aHop("lead_search", { at: null, verdict: "" }),
  ];
  const { user } = await openLead();
  await user.click(screen.getByRole("tab", { name: "How it got here" }));
  const hops = await screen.findAllByTestId("hop");
  expect(hops[1]).toHaveTextContent("Matched to a person");
  expect(hops[1]).toHaveTextContent("+ 41 ms");
  expect(within(hops[2] as HTMLElement).getByRole("img", { name: "waiting" })).toBeInTheDocument();
});

test("messages say what became of them", async () => {
  const message = { id: "m", template: "owner-alert", to: "owner", planned_at: "2026-11-22T08:00:00Z", sent_at: null };
  state.messages = [
    { ...message, outcome: "failed", detail: "mailbox full" },
    { ...message, id: "n", outcome: null, detail: null },
  ];
  const { user } = await openLead();
  await user.click(screen.getByRole("tab", { name: "Messages" }));
  expect(await screen.findByText("Failed")).toBeInTheDocument();
  expect(screen.getByText(/mailbox full/)).toBeInTheDocument();
  expect(screen.getByText("Planned")).toBeInTheDocument();
});

test("an analyst looks and does not touch", async () => {
  state.me = aUser({ role: "analyst", person: null });
  await openLead();
  expect(await screen.findByRole("button", { name: "Status: New" })).toBeDisabled();
  expect(screen.getByRole("button", { name: "Owner: Nobody" })).toBeDisabled();
  expect(screen.queryByRole("textbox", { name: "Note" })).not.toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "More actions" })).not.toBeInTheDocument();
});

test("an admin erases a person, with a reason", async () => {
  const { user, id, router } = await openLead();
  await user.click(await screen.findByRole("button", { name: "More actions" }));
  await user.click(screen.getByRole("menuitem", { name: /Erase this person/ }));
  await user.type(screen.getByLabelText(/Reason/), "Asked for it");
  await user.click(screen.getByRole("button", { name: "Erase for ever" }));
  await waitFor(() => expect(router.state.location.pathname).toBe("/leads"));
  expect(askedFor("POST", `/v1/leads/${id}/erase`)[0]?.body).toEqual({ reason: "Asked for it" });
});

test("a lead that is not there is said to be gone", async () => {
  open("/leads/nobody");
  expect(await screen.findByText("This lead does not exist")).toBeInTheDocument();
});
