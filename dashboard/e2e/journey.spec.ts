/** A form is sent, and somebody at the dashboard sees who it is, what they are worth, why, and how they got there. */
import { type APIRequestContext, expect, type Page, test } from "@playwright/test";
import { demo } from "./demo";

const { email, password } = demo.users.admin;

async function signIn(page: Page) {
  await page.goto("/");
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: "Leads", exact: true })).toBeVisible();
}

/** Where to send forms to: a source made for this journey. */
async function intakeUrl(request: APIRequestContext): Promise<string> {
  const login = await request.post("/v1/auth/login", { data: { email, password } });
  expect(login.ok()).toBe(true);
  const { access_token } = (await login.json()) as { access_token: string };
  const source = await request.post("/v1/sources", {
    headers: { Authorization: `Bearer ${access_token}` },
    data: { name: "Journey", vendor: "generic", signed: false },
  });
  expect(source.status()).toBe(201);
  const { url } = (await source.json()) as { url: string };
  return new URL(new URL(url, demo.base_url).pathname, demo.base_url).href;
}

test("a submitted form becomes a lead that somebody can work with", async ({ page, request }) => {
  const unique = Date.now().toString(36);
  const name = `Journey Person${unique}`;
  const note = `Called back, wants a demo (${unique})`;
  const address = await intakeUrl(request);

  await signIn(page);
  await expect(page.getByRole("status", { name: /Live changes: Live/ }).first()).toBeVisible();
  await expect(page.getByTestId("lead-row").filter({ hasText: name })).toHaveCount(0);

  let navigations = 0;
  page.on("framenavigated", () => navigations++);
  const sent = await request.post(address, {
    data: {
      name,
      email: `journey.${unique}@acme-journey.example`,
      company: "Acme Journey",
      message: "Please show me a demo",
    },
  });
  expect(sent.ok()).toBe(true);

  const row = page.getByTestId("lead-row").filter({ hasText: name });
  await expect(row).toBeVisible();
  await expect(page.getByTestId("lead-row").first()).toContainText(name);
  expect(navigations, "the list was not reloaded").toBe(0);

  await row.getByRole("link").click();
  await expect(page.getByRole("heading", { name })).toBeVisible();
  await expect(page).toHaveTitle(`${name} · Leadflow`);

  const receipt = page.getByTestId("receipt");
  await expect(receipt.getByTestId("receipt-check")).toHaveAttribute("data-adds-up", "true");
  await expect(receipt.getByTestId("receipt-line").first()).toBeVisible();
  const { sum, total } = await receipt.evaluate((card) => {
    const lines = [...card.querySelectorAll<HTMLElement>('[data-testid="receipt-line"]')];
    const shown = card.querySelector('[data-testid="receipt-total"]')?.textContent ?? "";
    return {
      sum: lines.reduce((points, line) => points + Number(line.dataset.points), 0),
      total: Number(shown.replace("−", "-")),
    };
  });
  expect(sum).toBe(total);

  await expect(page.locator('[data-testid="timeline-entry"][data-type="lead.captured"]')).toBeVisible();

  await page.getByRole("textbox", { name: "Note" }).fill(note);
  await page.getByRole("button", { name: "Add note" }).click();
  await expect(page.locator('[data-testid="timeline"] li').filter({ hasText: note })).toBeVisible();
  await expect(page.locator('[data-testid="timeline-entry"][data-type="lead.noted"]')).toBeVisible();

  await page.getByRole("tab", { name: "How it got here" }).click();
  await expect(page.getByTestId("hop").first()).toBeVisible();
});

test("a session outlives a reload, and ends with signing out", async ({ page }) => {
  await signIn(page);
  await page.reload();
  await expect(page.getByRole("heading", { name: "Leads", exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Account and appearance" }).first().click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in to Leadflow" })).toBeVisible();
  await page.goto("/leads");
  await expect(page.getByRole("heading", { name: "Sign in to Leadflow" })).toBeVisible();
});

test("an admin makes a source and copies its address, and what is sent there is a lead", async ({
  page,
  context,
  request,
}) => {
  const unique = Date.now().toString(36);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await signIn(page);
  await page.getByRole("link", { name: "Sources" }).click();
  await page.getByRole("button", { name: "New source" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Name" }).fill(`Journey source ${unique}`);
  await dialog.getByRole("button", { name: "Make the source" }).click();
  const shown = await dialog.getByRole("textbox", { name: "Address" }).inputValue();
  await dialog.getByRole("button", { name: "Copy Address" }).click();
  await expect(dialog.getByRole("button", { name: "Address: copied" })).toBeVisible();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toBe(shown);
  await dialog.getByRole("button", { name: "Done" }).click();
  await expect(page.getByRole("list", { name: "Sources" })).toContainText(`Journey source ${unique}`);

  const name = `Settings Person${unique}`;
  const sent = await request.post(new URL(new URL(copied).pathname, demo.base_url).href, {
    data: { name, email: `settings.${unique}@acme-journey.example` },
  });
  expect(sent.ok()).toBe(true);
  await page.getByRole("link", { name: "All leads" }).first().click();
  await expect(page.getByTestId("lead-row").filter({ hasText: name })).toBeVisible();
});
