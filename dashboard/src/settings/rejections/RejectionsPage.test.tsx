import { screen, waitFor, within } from "@testing-library/react";
import { http } from "msw";
import { aUser } from "../../test/builders";
import { askedFor, gateway, problem, state } from "../../test/gateway";
import { open } from "../../test/open";
import { aCause, aRejection, aRepair } from "../../test/rejections";

const CAUSE = "personal.email: not an address";

test("where everything was handled, the page says so", async () => {
  open("/settings/rejections");
  expect(await screen.findByText("Everything was handled")).toBeInTheDocument();
  expect(screen.queryByRole("list", { name: "Repairs" })).not.toBeInTheDocument();
});

test("causes come with their counts, and what came in is opened one at a time", async () => {
  state.causes = [aCause(CAUSE, { count: 12 }), aCause("KeyError at rules.py:7", { kind: "bug", consumer: "scoring" })];
  state.rejections = [
    aRejection("one", { raw: "mail=eve(at)example", refused: "no address" }),
    aRejection("two", { body: null }),
  ];
  const { user } = open("/settings/rejections");
  const rows = within(await screen.findByRole("list", { name: "Causes" })).getAllByRole("listitem");
  expect(rows[0]).toHaveTextContent(/not an address12Can't be read/);
  expect(rows[1]).toHaveTextContent(/Our mistakein scoring/);
  await user.click(screen.getByRole("button", { name: `Look at ${CAUSE}` }));
  const [first, second] = await screen.findAllByRole("button", { name: "What came in" });
  expect(screen.getByText(/not repaired: no address/)).toBeInTheDocument();
  await user.click(first as HTMLElement);
  expect(await screen.findByLabelText("What came in")).toHaveTextContent("mail=eve(at)example");
  await user.click(second as HTMLElement);
  expect(await screen.findByText("It is kept, and shown to those who may repair it.")).toBeInTheDocument();
  const asked = new URLSearchParams(askedFor("GET", "/v1/rejections")[0]?.search);
  expect([asked.get("consumer"), asked.get("kind"), asked.get("reason")]).toEqual(["identity", "undecodable", CAUSE]);
});

test("a mapping is tried on a few, and only then are all sent again with it", async () => {
  state.causes = [aCause(CAUSE)];
  const { user } = open("/settings/rejections");
  await user.click(await screen.findByRole("button", { name: `Repair ${CAUSE}` }));
  await user.type(screen.getByLabelText("Mapping"), "email");
  expect(screen.getByText(/Line 1 is not of the form/)).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Try a few" })).toBeDisabled();
  await user.type(screen.getByLabelText("Mapping"), " = who.mail");
  expect(screen.getByRole("button", { name: "Send all 3 again" })).toBeDisabled();
  await user.click(screen.getByRole("button", { name: "Try a few" }));
  expect(await screen.findByRole("table", { name: "What would come out of number 1" })).toHaveTextContent(
    "emaileve@mapped.example",
  );
  expect(screen.getByText("it has neither an e-mail address nor a name")).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Send all 3 again" }));
  expect(await screen.findByText("3 are sent again, one after the other.")).toBeInTheDocument();
  const group = { consumer: "identity", kind: "undecodable", reason: CAUSE, mapping: { email: "who.mail" } };
  expect(askedFor("POST", "/v1/rejections/repairs/preview")[0]?.body).toEqual({ ...group, limit: 3 });
  expect(askedFor("POST", "/v1/rejections/repairs")[0]?.body).toEqual(group);
  expect(await screen.findByRole("progressbar", { name: "Progress" })).toBeInTheDocument();
});

test("another change takes back what was tried, and what the gateway refuses is said", async () => {
  state.causes = [aCause(CAUSE, { count: 1 })];
  gateway.use(http.post("http://localhost/v1/rejections/repairs", () => problem(409, "Nothing to repair")));
  const { user } = open("/settings/rejections");
  await user.click(await screen.findByRole("button", { name: `Repair ${CAUSE}` }));
  await user.click(screen.getByRole("combobox", { name: "How" }));
  await user.click(screen.getByRole("option", { name: "Change the same in all of them" }));
  await user.click(screen.getByLabelText("Change"));
  await user.paste("[1]");
  expect(screen.getByText(/Write a JSON object/)).toBeInTheDocument();
  await user.clear(screen.getByLabelText("Change"));
  await user.paste('{"kind": "lead"}');
  await user.click(screen.getByRole("button", { name: "Try a few" }));
  await waitFor(() => expect(screen.getByRole("button", { name: "Send it again" })).toBeEnabled());
  await user.click(screen.getByRole("button", { name: "Send it again" }));
  expect(await screen.findByText("Nothing to repair")).toBeInTheDocument();
  expect(askedFor("POST", "/v1/rejections/repairs")[0]?.body).toMatchObject({ patch: { kind: "lead" } });
  await user.type(screen.getByLabelText("Change"), " ");
  expect(screen.getByRole("button", { name: "Send it again" })).toBeDisabled();
});

test("a repair that runs is watched, and can be stopped", async () => {
  state.repairs = [aRepair("repair-1", { refused: 1 }), aRepair("repair-0", { state: "done", redriven: 3, left: 0 })];
  const { user } = open("/settings/rejections");
  const rows = within(await screen.findByRole("list", { name: "Repairs" })).getAllByRole("listitem");
  expect(rows[0]).toHaveTextContent(/1 of 3 sent again, by a mappingRunning.*1 can't be repaired like this/);
  expect(rows[1]).toHaveTextContent("Done");
  await user.click(screen.getByRole("button", { name: "Stop" }));
  expect(await screen.findByText("Stopped")).toBeInTheDocument();
});

test("a rep is told that the page is for others", async () => {
  state.me = aUser({ role: "rep" });
  open("/settings/rejections");
  expect(await screen.findByText("This page is for admins")).toBeInTheDocument();
  expect(askedFor("GET", "/v1/rejections/causes")).toHaveLength(0);
});

test("an analyst sees what went wrong, and repairs nothing", async () => {
  state.me = aUser({ role: "analyst" });
  state.causes = [aCause(CAUSE)];
  open("/settings/rejections");
  expect(await screen.findByRole("button", { name: `Look at ${CAUSE}` })).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: `Repair ${CAUSE}` })).not.toBeInTheDocument();
});
