import { sseParser } from "./sse";

const all = (...pieces: string[]) => {
  const parse = sseParser();
  return pieces.flatMap((piece) => parse(piece));
};

test("an event ends with an empty line", () => {
  expect(all("id: 3-7\nevent: lead.changed\ndata: {}\n\n")).toEqual([{ id: "3-7", event: "lead.changed", data: "{}" }]);
});

test("it does not matter where the network cuts", () => {
  const text = 'id: 1\r\nevent: lead.changed\r\ndata: {"a":1}\r\n\r\nid: 2\r\ndata: b\r\n\r\n';
  const whole = all(text);
  expect(whole).toHaveLength(2);
  for (let cut = 1; cut < text.length; cut++) expect(all(text.slice(0, cut), text.slice(cut))).toEqual(whole);
  expect(all(...text)).toEqual(whole);
});

test("heartbeats, retry times and events without data are nothing", () => {
  expect(all(": still here\n\n", "retry: 2000\n\n", "event: lead.changed\n\n")).toEqual([]);
});

test("several data lines are one text, and only one space is taken off", () => {
  expect(all("data: a\ndata:  b\ndata\n\n")).toEqual([{ id: null, event: "message", data: "a\n b\n" }]);
});

test("the last id holds for the events after it, the event's name does not", () => {
  const [first, second] = all("id: 9\nevent: x\ndata: a\n\ndata: b\n\n");
  expect(first).toEqual({ id: "9", event: "x", data: "a" });
  expect(second).toEqual({ id: "9", event: "message", data: "b" });
});

test("an id with NUL is ignored, and so is an event that never ended", () => {
  expect(all("id: a\0b\ndata: x\n\ndata: unfinished\n")).toEqual([{ id: null, event: "message", data: "x" }]);
});
