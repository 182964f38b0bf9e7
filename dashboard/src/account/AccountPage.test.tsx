import { screen, waitFor, within } from "@testing-library/react";
import { http } from "msw";
import { aSession, CODE, CODES, PASSWORD } from "../test/console";
import { askedFor, gateway, problem, state } from "../test/gateway";
import { open } from "../test/open";

const card = (name: string) => screen.findByRole("region", { name });

test("the account is reached from the menu", async () => {
  const { user, router } = open("/leads");
  await user.click((await screen.findAllByRole("button", { name: "Account and appearance" }))[0] as HTMLElement);
  await user.click(screen.getByRole("menuitem", { name: "My account" }));
  expect(await screen.findByRole("heading", { name: "My account" })).toBeInTheDocument();
  expect(router.state.location.pathname).toBe("/account");
});

test("a new password is taken with the present one, and what is wrong is said at its field", async () => {
  const { user } = open("/account");
  const password = within(await card("Password"));
  const change = () => user.click(password.getByRole("button", { name: "Change password" }));
  await user.type(password.getByLabelText("Present password"), "wrong");
  await user.type(password.getByLabelText("New password"), "short");
  await change();
  expect(await password.findByText("is too short")).toBeInTheDocument();
  await user.type(password.getByLabelText("New password"), " is better than that");
  await change();
  expect(await password.findByText("This isn't your present password.")).toBeInTheDocument();
  await user.clear(password.getByLabelText("Present password"));
  await user.type(password.getByLabelText("Present password"), PASSWORD);
  await change();
  expect(await screen.findByText(/The password is changed/)).toBeInTheDocument();
  expect(password.getByLabelText("New password")).toHaveValue("");
  expect(askedFor("POST", "/v1/auth/password").at(-1)?.body).toEqual({
    old: PASSWORD,
    new: "short is better than that",
  });
});

test("a second factor is set up with password and code, and its recovery codes are shown once", async () => {
  const { user } = open("/account");
  await user.click(await screen.findByRole("button", { name: "Set up…" }));
  await user.type(screen.getByLabelText(/^Password/, { selector: "input" }), "wrong{Enter}");
  expect(await screen.findByText("The password is wrong")).toBeInTheDocument();
  await user.clear(screen.getByLabelText(/^Password/, { selector: "input" }));
  await user.type(screen.getByLabelText(/^Password/, { selector: "input" }), `${PASSWORD}{Enter}`);
  expect(await screen.findByRole("img", { name: "QR code of the secret" })).toBeInTheDocument();
  expect(screen.getByLabelText("Secret")).toHaveValue("SECRET");
  await user.type(screen.getByLabelText(/^Code that/), "000000{Enter}");
  expect(await screen.findByText("is wrong, over, or was used")).toBeInTheDocument();
  await user.clear(screen.getByLabelText(/^Code that/));
  await user.type(screen.getByLabelText(/^Code that/), `${CODE}{Enter}`);
  expect(await screen.findByLabelText("Recovery codes")).toHaveValue(CODES.join("\n"));
  await user.keyboard("{Escape}");
  await user.click(screen.getByRole("button", { name: "I have kept them" }));
  expect(await screen.findByText(/2 recovery codes are left/)).toBeInTheDocument();
  await waitFor(() => expect(screen.queryByLabelText("Recovery codes")).not.toBeInTheDocument());
});

test("the second factor is removed with both factors", async () => {
  state.factor = { enabled: true, recovery_codes_left: 8 };
  const { user } = open("/account");
  await user.click(await screen.findByRole("button", { name: "Remove…" }));
  await user.type(screen.getByLabelText(/^Password/, { selector: "input" }), PASSWORD);
  await user.type(screen.getByLabelText(/^Code of the app/), "000000");
  await user.click(screen.getByRole("button", { name: "Remove" }));
  expect(await screen.findByText("is wrong, over, or was used")).toBeInTheDocument();
  await user.clear(screen.getByLabelText(/^Code of the app/));
  await user.type(screen.getByLabelText(/^Code of the app/), `${CODE}{Enter}`);
  expect(await screen.findByRole("button", { name: "Set up…" })).toBeInTheDocument();
});

test("sessions are listed, and ended there or everywhere else", async () => {
  state.sessions = [
    aSession("here", { current: true }),
    aSession("phone", { address: "198.51.100.1", device: "curl/8.5.0" }),
    aSession("work", { address: "198.51.100.2" }),
  ];
  const { user } = open("/account");
  const rows = () => within(screen.getByRole("list", { name: "Sessions" })).getAllByRole("listitem");
  expect(await screen.findByText("This device")).toBeInTheDocument();
  expect(rows().map((row) => row.textContent?.slice(0, 8))).toEqual(["Firefox ", "curl/8.5", "Firefox "]);
  await user.click(screen.getByRole("button", { name: "Sign out there: curl/8.5.0, 198.51.100.1" }));
  await waitFor(() => expect(rows()).toHaveLength(2));
  await user.click(screen.getByRole("button", { name: "Sign out everywhere else" }));
  expect(await screen.findByText("You are signed in nowhere else.")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Sign out everywhere else" })).toBeDisabled();
});

test("a card that can't be had says so, and the others stand", async () => {
  gateway.use(
    http.get("http://localhost/v1/auth/sessions", () => problem(503, "Temporarily unavailable"), { once: true }),
  );
  const { user } = open("/account");
  const sessions = within(await card("Where you are signed in"));
  expect(await sessions.findByRole("alert")).toHaveTextContent("Temporarily unavailable");
  expect(await screen.findByRole("button", { name: "Set up…" })).toBeInTheDocument();
  await user.click(sessions.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("This device")).toBeInTheDocument();
});
