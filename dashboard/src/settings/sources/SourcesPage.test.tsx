import { screen, waitFor, within } from "@testing-library/react";
import { http } from "msw";
import { aUser } from "../../test/builders";
import { aSource } from "../../test/console";
import { askedFor, gateway, problem, state } from "../../test/gateway";
import { open } from "../../test/open";

async function choose({ user }: ReturnType<typeof open>, item: string) {
  await user.click(await screen.findByRole("button", { name: "More about Form" }));
  await user.click(screen.getByRole("menuitem", { name: item }));
}

test("a source is made, and its address, form and snippet are there to copy", async () => {
  const { user } = open("/settings/sources");
  expect(await screen.findByText("No sources yet")).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "New source" }));
  await user.type(screen.getByLabelText(/^Name/), "Contact{Enter}");
  expect(await screen.findByLabelText("Address")).toHaveValue("https://leads.example/v1/intake/source-Contact");
  expect(screen.getByLabelText("Snippet")).toHaveValue(
    '<script src="https://leads.example/f/source-Contact.js"></script>',
  );
  expect(screen.getByLabelText("Tracking")).toHaveValue(
    '<script defer src="https://leads.example/t.js" data-source="source-Contact"></script>',
  );
  expect(screen.queryByLabelText("Secret")).not.toBeInTheDocument();
  const copied = jest.spyOn(navigator.clipboard, "writeText");
  await user.click(screen.getByRole("button", { name: "Copy Address" }));
  expect(await screen.findByRole("button", { name: "Address: copied" })).toBeInTheDocument();
  expect(copied).toHaveBeenCalledWith("https://leads.example/v1/intake/source-Contact");
  expect(askedFor("POST", "/v1/sources")[0]?.body).toEqual({ name: "Contact", vendor: "generic", signed: false });
  await user.click(screen.getByRole("button", { name: "Done" }));
  expect(await screen.findByRole("list", { name: "Sources" })).toHaveTextContent("Contact");
});

test("a vendor's source asks for its secret, and a secret that was made up is shown once", async () => {
  const { user } = open("/settings/sources");
  await user.click(await screen.findByRole("button", { name: "New source" }));
  await user.type(screen.getByLabelText(/^Name/), "Survey");
  await user.click(screen.getByRole("combobox", { name: "Sender" }));
  await user.click(screen.getByRole("option", { name: "Typeform" }));
  expect(screen.getByText(/The webhook's signing secret/)).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Make the source" }));
  expect(await screen.findByLabelText("Secret")).toHaveValue("made-up-secret");
  expect(screen.queryByLabelText("Snippet")).not.toBeInTheDocument();
  expect(screen.queryByLabelText("Tracking")).not.toBeInTheDocument();
});

test("a secret that can't be used is said at its field", async () => {
  gateway.use(
    http.post("http://localhost/v1/sources", () =>
      problem(422, "Invalid", [{ field: "secret", message: "is no key" }]),
    ),
  );
  const { user } = open("/settings/sources");
  await user.click(await screen.findByRole("button", { name: "New source" }));
  await user.type(screen.getByLabelText(/^Name/), "Survey");
  await user.click(screen.getByRole("checkbox", { name: /signed/ }));
  await user.type(screen.getByLabelText("Secret"), "x{Enter}");
  expect(await screen.findByText("is no key")).toBeInTheDocument();
  expect(screen.getByLabelText("Secret")).toBeInvalid();
});

test("a mapping is tried on a pasted request, and saved as it was seen", async () => {
  state.sources = [aSource("Form", { version: 3 })];
  const page = open("/settings/sources");
  await choose(page, "Try a mapping");
  await page.user.click(screen.getByLabelText("A request's body"));
  await page.user.paste('{"data": {"mail": "ana@example.org"}}');
  await page.user.type(screen.getByLabelText("Mapping"), "email");
  expect(screen.getByText(/Line 1 is not of the form/)).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Try it" })).toBeDisabled();
  await page.user.type(screen.getByLabelText("Mapping"), " = data.mail");
  await page.user.click(screen.getByRole("button", { name: "Try it" }));
  const row = within(await screen.findByRole("table", { name: "What would be read" })).getByRole("row", {
    name: /^email/,
  });
  expect(row).toHaveTextContent("emailana@example.orgdata.mail");
  await page.user.click(screen.getByRole("button", { name: "Save the mapping" }));
  expect(await screen.findByText("The mapping is saved.")).toBeInTheDocument();
  const saved = askedFor("PATCH", "/v1/sources/source-Form")[0];
  expect(saved?.headers.get("If-Match")).toBe('"3"');
  expect(saved?.body).toEqual({ mapping: { email: "data.mail" } });
});

test("a secret is replaced, and the old one stays good for as long as one says", async () => {
  state.sources = [aSource("Form", { signed: true })];
  const page = open("/settings/sources");
  await choose(page, "New secret");
  await page.user.click(screen.getByRole("button", { name: "Make a new secret" }));
  expect(await screen.findByLabelText("Secret")).toHaveValue("next-secret");
  expect(askedFor("POST", "/v1/sources/source-Form/rotate-secret")[0]?.body).toEqual({ overlap_hours: 24 });
});

test("a source is deleted after one is asked once more", async () => {
  state.sources = [aSource("Form")];
  const page = open("/settings/sources");
  await choose(page, "Delete");
  await page.user.click(screen.getByRole("button", { name: "Delete" }));
  expect(await screen.findByText("No sources yet")).toBeInTheDocument();
});

test("a form can be made so that consent is confirmed by mail", async () => {
  const { user } = open("/settings/sources");
  await user.click(await screen.findByRole("button", { name: "New source" }));
  await user.type(screen.getByLabelText(/^Name/), "Contact");
  await user.click(screen.getByRole("checkbox", { name: /double opt-in/ }));
  await user.click(screen.getByRole("button", { name: "Make the source" }));
  await waitFor(() => expect(askedFor("POST", "/v1/sources")).toHaveLength(1));
  expect(askedFor("POST", "/v1/sources")[0]?.body).toMatchObject({ signed: false, double_opt_in: true });
});

test("double opt-in is switched on and off on the source as it was seen", async () => {
  state.sources = [aSource("Form", { version: 3 })];
  const page = open("/settings/sources");
  await choose(page, "Double opt-in");
  await page.user.click(screen.getByRole("button", { name: "Ask for confirmation" }));
  expect(await screen.findByText("Consent has to be confirmed by mail now.")).toBeInTheDocument();
  const saved = askedFor("PATCH", "/v1/sources/source-Form")[0];
  expect(saved?.headers.get("If-Match")).toBe('"3"');
  expect(saved?.body).toEqual({ double_opt_in: true });
  expect(await screen.findByText("Double opt-in")).toBeInTheDocument();
  await choose(page, "Stop double opt-in");
  await page.user.click(screen.getByRole("button", { name: "Stop asking" }));
  await waitFor(() => expect(askedFor("PATCH", "/v1/sources/source-Form")[1]?.body).toEqual({ double_opt_in: false }));
});

test("why a source can't ask for confirmation is said", async () => {
  state.sources = [aSource("Form")];
  gateway.use(
    http.patch("http://localhost/v1/sources/:id", () =>
      problem(422, "Invalid request", [{ field: "double_opt_in", message: "needs the words that are agreed to" }]),
    ),
  );
  const page = open("/settings/sources");
  await choose(page, "Double opt-in");
  await page.user.click(screen.getByRole("button", { name: "Ask for confirmation" }));
  expect(await screen.findByText(/needs the words that are agreed to/)).toBeInTheDocument();
});

test("a source whose sender signs has no form, and nothing to confirm", async () => {
  state.sources = [aSource("Form", { signed: true })];
  const { user } = open("/settings/sources");
  await user.click(await screen.findByRole("button", { name: "More about Form" }));
  expect(screen.queryByRole("menuitem", { name: /opt-in/ })).not.toBeInTheDocument();
});

test("an analyst sees sources and their addresses, and changes nothing", async () => {
  state.me = aUser({ role: "analyst" });
  state.sources = [aSource("Form")];
  const { user } = open("/settings/sources");
  await user.click(await screen.findByRole("button", { name: "Address of Form" }));
  expect(screen.getByLabelText("Address")).toHaveValue("https://leads.example/v1/intake/source-Form");
  await user.click(screen.getByRole("button", { name: "Done" }));
  await waitFor(() => expect(screen.queryByLabelText("Address")).not.toBeInTheDocument());
  expect(screen.queryByRole("button", { name: "New source" })).not.toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "More about Form" })).not.toBeInTheDocument();
});
