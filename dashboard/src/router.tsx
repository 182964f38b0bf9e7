/** Every address of the dashboard. Each page is its own bundle, fetched when somebody is about to go there. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { isSignedIn, ready } from "./auth";
import { readFilters } from "./leads/filters";
import { readAuditFilters } from "./settings/audit/filters";
import { NotFound, PageError, PagePending } from "./shell/pages";
import { Shell } from "./shell/Shell";

/** Only an address of our own is somewhere to go back to: `//evil.example` is not. */
export const ownAddress = (value: unknown): string | undefined =>
  typeof value === "string" && /^\/(?![/\\])/.test(value) && !value.startsWith("/login") ? value : undefined;

/** The list is where everybody goes anyway. */
export const whereTo = (href: string): { next?: string } => (href === "/leads" ? {} : { next: href });

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/leads", search: {} });
  },
});

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  // The router lays what is returned over what stands in the address: a key left out would stay as it came.
  validateSearch: (search: Record<string, unknown>): { next?: string } => ({ next: ownAddress(search.next) }),
  beforeLoad: async ({ search }) => {
    await ready();
    if (isSignedIn()) throw redirect({ href: search.next ?? "/leads" });
  },
  component: lazyRouteComponent(() => import("./auth/LoginPage"), "LoginPage"),
});

const app = createRoute({
  getParentRoute: () => root,
  id: "app",
  beforeLoad: async ({ location }) => {
    await ready();
    if (!isSignedIn()) throw redirect({ to: "/login", search: whereTo(location.href) });
  },
  component: Shell,
});

const leads = createRoute({
  getParentRoute: () => app,
  path: "/leads",
  validateSearch: readFilters,
  component: lazyRouteComponent(() => import("./leads/LeadsPage"), "LeadsPage"),
});

const lead = createRoute({
  getParentRoute: () => app,
  path: "/leads/$id",
  component: lazyRouteComponent(() => import("./lead/LeadPage"), "LeadPage"),
});

const account = createRoute({
  getParentRoute: () => app,
  path: "/account",
  component: lazyRouteComponent(() => import("./account/AccountPage"), "AccountPage"),
});

const users = createRoute({
  getParentRoute: () => app,
  path: "/settings/users",
  component: lazyRouteComponent(() => import("./settings/users/UsersPage"), "UsersPage"),
});

const apiKeys = createRoute({
  getParentRoute: () => app,
  path: "/settings/keys",
  component: lazyRouteComponent(() => import("./settings/keys/KeysPage"), "KeysPage"),
});

const sources = createRoute({
  getParentRoute: () => app,
  path: "/settings/sources",
  component: lazyRouteComponent(() => import("./settings/sources/SourcesPage"), "SourcesPage"),
});

const rejections = createRoute({
  getParentRoute: () => app,
  path: "/settings/rejections",
  component: lazyRouteComponent(() => import("./settings/rejections/RejectionsPage"), "RejectionsPage"),
});

const audit = createRoute({
  getParentRoute: () => app,
  path: "/settings/audit",
  validateSearch: readAuditFilters,
  component: lazyRouteComponent(() => import("./settings/audit/AuditPage"), "AuditPage"),
});

const pages = [leads, lead, account, users, apiKeys, sources, rejections, audit];
export const routeTree = root.addChildren([home, login, app.addChildren(pages)]);

export function makeRouter(options: Partial<Parameters<typeof createRouter>[0]> = {}) {
  return createRouter({
    routeTree,
    defaultPreload: "intent",
    scrollRestoration: true,
    defaultPendingMs: 300,
    defaultPendingComponent: PagePending,
    defaultErrorComponent: PageError,
    ...(options.history ? { history: options.history } : {}),
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
