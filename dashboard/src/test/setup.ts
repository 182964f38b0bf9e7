import "@testing-library/jest-dom";
import { cleanup, configure } from "@testing-library/react";
import { forgetSession } from "../auth/session";
import { gateway, resetGateway } from "./gateway";

configure({ asyncUtilTimeout: 10_000 }); // a busy machine is no failure

beforeAll(() => gateway.listen({ onUnhandledRequest: "error" }));
beforeEach(() => resetGateway());
afterEach(() => {
  cleanup();
  gateway.resetHandlers();
  forgetSession();
  document.title = "";
});
afterAll(() => gateway.close());
