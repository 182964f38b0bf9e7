import { http, HttpResponse } from "msw";
import { askedFor, gateway, problem, state } from "../test/gateway";
import { authorizedFetch, isSignedIn, login, logout, onSessionChange, ready, renew } from "./session";

const ME = "http://localhost/v1/auth/me";
const refreshes = () => askedFor("POST", "/v1/auth/refresh").length;

test("a page load asks for the session once", async () => {
  await Promise.all([ready(), ready(), ready()]);
  expect(isSignedIn()).toBe(true);
  expect(refreshes()).toBe(1);
});

test("without a cookie nobody is signed in", async () => {
  state.session = false;
  expect(await ready()).toBe(false);
});

test("many requests that are refused renew once and are all repeated", async () => {
  await login({ email: "a@b.c", password: "secret" });
  let refusals = 3;
  gateway.use(
    http.get(ME, ({ request }) =>
      refusals-- > 0 ? problem(401, "expired") : HttpResponse.json({ token: request.headers.get("Authorization") }),
    ),
  );
  const answers = await Promise.all([1, 2, 3].map(() => authorizedFetch(new Request(ME))));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(refreshes()).toBe(1);
});

test("when renewing fails, the 401 is the answer and the session is over", async () => {
  await login({ email: "a@b.c", password: "secret" });
  const heard = jest.fn();
  const stop = onSessionChange(heard);
  state.session = false;
  gateway.use(http.get(ME, () => problem(401, "expired")));
  expect((await authorizedFetch(new Request(ME))).status).toBe(401);
  expect(isSignedIn()).toBe(false);
  expect(heard).toHaveBeenCalledTimes(1);
  stop();
});

test("a server in trouble does not end the session", async () => {
  await login({ email: "a@b.c", password: "secret" });
  gateway.use(http.post("http://localhost/v1/auth/refresh", () => problem(503, "away")));
  expect(await renew()).toBe(false);
  expect(isSignedIn()).toBe(true);
});

test("a token about to end is renewed before it is used", async () => {
  gateway.use(
    http.post("http://localhost/v1/auth/login", () => HttpResponse.json({ access_token: "old", expires_in: 5 })),
  );
  await login({ email: "a@b.c", password: "secret" });
  await authorizedFetch(new Request(ME));
  expect(askedFor("GET", "/v1/auth/me")[0]?.headers.get("Authorization")).toBe("Bearer token-1");
});

test("a body is sent again too", async () => {
  await login({ email: "a@b.c", password: "secret" });
  let first = true;
  gateway.use(
    http.post("http://localhost/v1/leads/a/notes", async ({ request }) => {
      const body = await request.json();
      if (!first) return HttpResponse.json(body as object);
      first = false;
      return problem(401, "expired");
    }),
  );
  const request = new Request("http://localhost/v1/leads/a/notes", { method: "POST", body: '{"text":"x"}' });
  expect(await (await authorizedFetch(request)).json()).toEqual({ text: "x" });
});

test("signing out forgets the token, reachable or not", async () => {
  await login({ email: "a@b.c", password: "secret" });
  gateway.use(http.post("http://localhost/v1/auth/logout", () => HttpResponse.error()));
  await logout();
  expect(isSignedIn()).toBe(false);
  expect(await ready()).toBe(false);
});

test("the server's words about a wrong password are passed on", async () => {
  gateway.use(http.post("http://localhost/v1/auth/login", () => problem(401, "The password is wrong.")));
  await expect(login({ email: "a@b.c", password: "x" })).rejects.toThrow("The password is wrong.");
  gateway.use(http.post("http://localhost/v1/auth/login", () => HttpResponse.error()));
  await expect(login({ email: "a@b.c", password: "x" })).rejects.toThrow(/can't be reached/);
});
