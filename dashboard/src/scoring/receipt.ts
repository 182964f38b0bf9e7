/** A score's receipt: lines that must add up to it. Pure. */
import type { ReceiptLine, ScoreReceipt } from "../api/types";

export const total = (lines: readonly ReceiptLine[]): number => lines.reduce((sum, line) => sum + line.points, 0);

export const addsUp = ({ score, receipt }: Pick<ScoreReceipt, "score" | "receipt">): boolean =>
  total(receipt) === (score ?? 0);

/** "12", "−3": a real minus sign, as wide as a plus. */
export const points = (value: number): string => (value < 0 ? `−${-value}` : String(value));

/** "+12", "−3", "0". */
export const signed = (value: number): string => (value > 0 ? `+${value}` : points(value));

/** Lines that count most first; those that cost points last. */
export const inOrder = (lines: readonly ReceiptLine[]): ReceiptLine[] => lines.toSorted((a, b) => b.points - a.points);

type Point = Pick<ScoreReceipt["history"][number], "at" | "score">;

/** An SVG path of the score over time, in steps: it stays until it changes. Empty with fewer than two points. */
export function stepPath(history: readonly Point[], width: number, height: number): string {
  const ordered = history.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const [first, last] = [ordered[0], ordered.at(-1)];
  if (!first || !last || ordered.length < 2) return "";
  const [start, span] = [Date.parse(first.at), Date.parse(last.at) - Date.parse(first.at) || 1];
  const top = Math.max(1, ...ordered.map(({ score }) => score));
  const bottom = Math.min(0, ...ordered.map(({ score }) => score));
  const x = (at: string) => round(((Date.parse(at) - start) / span) * width * 0.9); // the last tenth: since then
  const y = (score: number) => round(height - ((score - bottom) / (top - bottom)) * height);
  const rest = ordered.slice(1).map((point) => `H${x(point.at)}V${y(point.score)}`);
  return `M${x(first.at)} ${y(first.score)}${rest.join("")}H${width}`;
}

const round = (value: number): number => Math.round(value * 10) / 10;
