/**
 * Journeys through a running Leadflow.
 *
 * Where: LEADFLOW_BASE_URL, else what the file LEADFLOW_DEMO (.leadflow/demo.json) says. Browser: CHROMIUM_PATH, else an
 * installed Chromium or Chrome, else Playwright's own.
 */
import { existsSync } from "node:fs";
import { defineConfig, devices } from "@playwright/test";
import { demo } from "./e2e/demo";

const INSTALLED = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/snap/bin/chromium"];
const executablePath = process.env.CHROMIUM_PATH ?? INSTALLED.find((path) => existsSync(path));

export default defineConfig({
  testDir: "e2e",
  timeout: 180_000,
  expect: { timeout: 30_000 },
  workers: 1,
  forbidOnly: true,
  reporter: [["list"]],
  use: {
    ...devices["Desktop Chrome"],
    viewport: { width: 1440, height: 900 },
    baseURL: demo.base_url,
    trace: "retain-on-failure",
    launchOptions: { executablePath, args: ["--no-sandbox", "--disable-gpu"] },
  },
});
