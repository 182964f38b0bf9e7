import { screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
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

const LOGIN = "http://localhost/v1/auth/login";

/** A gateway at which this account has a second factor. */
function askForCode(right: string) {
  gateway.use(
    http.post(LOGIN, async ({ request }) => {
      const { code } = (await request.json()) as { code?: string };
      if (code === undefined) return problem(401, "A code is needed", undefined, { slug: "code-needed" });
      if (code !== right) return problem(401, "The code is wrong", undefined, { slug: "wrong-code" });
      return HttpResponse.json({ access_token: "token-1", token_type: "bearer", expires_in: 900 });
    }),
  );
}

test("with a second factor the code is asked for, and a wrong one is said", async () => {
  askForCode("123456");
  const page = open("/");
  await signIn(page);
  const code = await screen.findByLabelText("Code");
  expect(screen.queryByRole("alert")).not.toBeInTheDocument();
  await page.user.type(code, "654321{Enter}");
  expect(await screen.findByRole("alert")).toHaveTextContent("The code is wrong");
  await page.user.type(code, "123456{Enter}", { initialSelectionStart: 0, initialSelectionEnd: 6 });
  expect(await screen.findByRole("heading", { name: "Leads" })).toBeInTheDocument();
  expect(askedFor("POST", "/v1/auth/login").at(-1)?.body).toEqual({
    email: "admin@leadflow.test",
    password: "secret",
    code: "123456",
  });
});

test("a recovery code does instead, and one can go back to the password", async () => {
  askForCode("ABCD-EFGH");
  const page = open("/");
  await signIn(page);
  await page.user.click(await screen.findByRole("button", { name: "Back" }));
  expect(screen.getByLabelText("Email")).toHaveValue("admin@leadflow.test");
  await page.user.click(screen.getByRole("button", { name: "Sign in" }));
  await page.user.click(await screen.findByRole("button", { name: "Use a recovery code" }));
  expect(screen.getByLabelText("Recovery code")).toHaveFocus();
  await page.user.type(screen.getByLabelText("Recovery code"), "ABCD-EFGH{Enter}");
  expect(await screen.findByRole("heading", { name: "Leads" })).toBeInTheDocument();
});

test("a password that is wrong by now leads back from the code", async () => {
  askForCode("123456");
  const page = open("/");
  await signIn(page);
  const code = await screen.findByLabelText("Code");
  gateway.use(http.post(LOGIN, () => problem(401, "The password is wrong.", undefined, { slug: "unauthorized" })));
  await page.user.type(code, "123456{Enter}");
  expect(await screen.findByLabelText("Password")).toBeInvalid();
});

test("who guessed too often is told how long to wait, and may try again then", async () => {
  gateway.use(
    http.post(LOGIN, () =>
      problem(429, "Too many wrong logins", undefined, { slug: "too-many-guesses", retryAfter: 2 }),
    ),
  );
  const page = open("/");
  await signIn(page);
  expect(await screen.findByRole("alert")).toHaveTextContent("Too many wrong logins");
  expect(screen.getByRole("button", { name: /^Wait [12] s$/ })).toBeDisabled();
  expect(await screen.findByRole("button", { name: "Sign in" })).toBeEnabled();
  expect(screen.queryByRole("alert")).not.toBeInTheDocument();
});

test("a forgotten password is answered the same whoever asks", async () => {
  const { user } = open("/");
  await user.type(await screen.findByLabelText("Email"), "admin@leadflow.test");
  await user.click(screen.getByRole("button", { name: "Forgot password?" }));
  expect(screen.getByLabelText("Email")).toHaveValue("admin@leadflow.test");
  await user.click(screen.getByRole("button", { name: "Send the link" }));
  expect(await screen.findByRole("status")).toHaveTextContent("If there is an account with this address");
  expect(askedFor("POST", "/v1/auth/reset")[0]?.body).toEqual({ email: "admin@leadflow.test" });
  await user.click(screen.getByRole("button", { name: "Back to signing in" }));
  expect(screen.getByRole("heading", { name: "Sign in to Leadflow" })).toBeInTheDocument();
});

test("a reset that can't be asked for now says when", async () => {
  gateway.use(
    http.post("http://localhost/v1/auth/reset", () => problem(503, "Too many mails", undefined, { retryAfter: 30 })),
  );
  const { user } = open("/");
  await user.click(await screen.findByRole("button", { name: "Forgot password?" }));
  await user.type(screen.getByLabelText("Email"), "ana@leadflow.test{Enter}");
  expect(await screen.findByRole("alert")).toHaveTextContent("Too many mails");
  expect(screen.getByRole("button", { name: /^Wait \d+ s$/ })).toBeDisabled();
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
