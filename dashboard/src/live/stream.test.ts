import type { ServerEvent } from "./sse";
import { retryDelay, runStream, type StreamState } from "./stream";

const body = (...pieces: string[]) =>
  new Response(
    new ReadableStream({
      start(controller) {
        pieces.forEach((piece) => controller.enqueue(new TextEncoder().encode(piece)));
        controller.close();
      },
    }),
  );

/** Runs until `answers` are used up; gives what was seen. */
async function run(answers: (() => Response)[]) {
  const ended = new AbortController();
  const [events, states, ids]: [ServerEvent[], StreamState[], (string | null)[]] = [[], [], []];
  const running = runStream({
    open: (id) => {
      ids.push(id);
      const answer = answers.shift();
      if (answers.length === 0) setTimeout(() => ended.abort(), 20);
      if (!answer) throw new Error("no more");
      return Promise.resolve(answer());
    },
    onEvent: (event) => events.push(event),
    onState: (state) => states.push(state),
    signal: ended.signal,
  });
  const hurry = setInterval(() => window.dispatchEvent(new Event("online")), 5); // coming online ends every pause
  await running;
  clearInterval(hurry);
  return { events, states, ids };
}

test("a new connection says which event was seen last", async () => {
  const { events, ids } = await run([() => body("id: 4\ndata: a\n\n"), () => body("id: 5\ndata: b\n\n"), () => body()]);
  expect(events.map(({ data }) => data)).toEqual(["a", "b"]);
  expect(ids.slice(0, 3)).toEqual([null, "4", "5"]);
});

test("a refusal and a cut line lead to another attempt", async () => {
  const { events, states } = await run([
    () => new Response(null, { status: 503 }),
    () => {
      throw new TypeError("network");
    },
    () => body("data: at last\n\n"),
  ]);
  expect(events).toHaveLength(1);
  expect(states.slice(0, 6)).toEqual(["connecting", "offline", "connecting", "offline", "connecting", "live"]);
});

test("attempts come ever less often, up to 15 s, never all at once", () => {
  expect(retryDelay(0, 0)).toBe(250);
  expect(retryDelay(0, 1)).toBe(500);
  expect(retryDelay(3, 1)).toBe(4000);
  expect(retryDelay(99, 1)).toBe(15_000);
  expect(retryDelay(99, 0)).toBe(7_500);
});
