import { burst, GATHERED_MAX } from "./burst";

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test("the first goes at once, a burst after it together, once per interval", async () => {
  const handed: number[][] = [];
  const some = burst<number>((items) => Promise.resolve(void handed.push(items)), 1000);
  some.add(1);
  await jest.advanceTimersByTimeAsync(0);
  for (let item = 2; item <= 200; item++) some.add(item);
  await jest.advanceTimersByTimeAsync(999);
  expect(handed).toEqual([[1]]);
  await jest.advanceTimersByTimeAsync(1);
  expect(handed).toHaveLength(2);
  expect(handed[1]).toHaveLength(199);
});

test("while one is being handed over none starts, and then it rests as long again", async () => {
  let running = 0;
  let most = 0;
  let handed = 0;
  const slow = burst<number>(async () => {
    most = Math.max(most, ++running);
    handed += 1;
    await new Promise((resolve) => setTimeout(resolve, 3000));
    running -= 1;
  }, 1000);
  const feed = setInterval(() => slow.add(1), 100);
  await jest.advanceTimersByTimeAsync(11_000);
  clearInterval(feed);
  expect(most).toBe(1);
  expect(handed).toBe(2);
});

test("what is gathered has a limit, and nothing comes after stopping", async () => {
  const handed: number[] = [];
  const some = burst<number>((items) => Promise.resolve(void handed.push(items.length)), 1000);
  some.add(0);
  await jest.advanceTimersByTimeAsync(0);
  for (let item = 0; item < GATHERED_MAX * 2; item++) some.add(item);
  await jest.advanceTimersByTimeAsync(1000);
  expect(handed).toEqual([1, GATHERED_MAX]);
  some.add(1);
  some.stop();
  await jest.advanceTimersByTimeAsync(10_000);
  expect(handed).toHaveLength(2);
});
