/** The whole dashboard at one address, as somebody would open it. */
import { createMemoryHistory } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { App, makeQueryClient } from "../App";
import { makeRouter } from "../router";

export function open(address: string) {
  const router = makeRouter({ history: createMemoryHistory({ initialEntries: [address] }) });
  const queries = makeQueryClient();
  queries.setDefaultOptions({ queries: { ...queries.getDefaultOptions().queries, retry: false } });
  const page = render(<App router={router} queries={queries} />);
  return { ...page, router, queries, user: userEvent.setup() };
}
