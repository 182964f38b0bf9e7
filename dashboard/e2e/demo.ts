/** Where Leadflow runs and who may sign in: what `make run` writes to .leadflow/demo.json. */
import { readFileSync } from "node:fs";

interface Login {
  email: string;
  password: string;
}

interface Demo {
  base_url: string;
  users: { admin: Login };
}

function read(): Demo {
  const path = process.env.LEADFLOW_DEMO ?? new URL("../../.leadflow/demo.json", import.meta.url);
  const found = JSON.parse(readFileSync(path, "utf8")) as Demo;
  return { ...found, base_url: process.env.LEADFLOW_BASE_URL ?? found.base_url };
}

export const demo = read();
