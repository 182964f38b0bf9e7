/** What to call a lead, and how to draw a name. Pure. */

interface Named {
  name?: string | null;
  first_name?: string | null;
  last_name?: string | null;
  email?: string | null;
  company?: string | null;
}

/** The best name there is; a lead that was erased, or never said who it is, is "Unnamed lead". */
export function leadName(lead: Named): string {
  const parts = [lead.first_name, lead.last_name].filter(Boolean).join(" ");
  return lead.name?.trim() || parts || lead.email || lead.company || "Unnamed lead";
}

/** "Ana Silva" -> "AS", "ana@example.org" -> "A". */
export function initials(name: string): string {
  const words = (name.split("@")[0] ?? "").split(/[\s._-]+/).filter(Boolean);
  const first = words[0]?.[0] ?? "?";
  const last = words.length > 1 && !name.includes("@") ? (words.at(-1)?.[0] ?? "") : "";
  return (first + last).toUpperCase();
}

/** A hue (0-359) that is the same for the same name. */
export function hue(name: string): number {
  let sum = 7;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 3600;
  return sum % 360;
}

/** "utm_source" -> "UTM source", "formbricks" -> "Formbricks", "api" -> "API". */
export function sentence(word: string): string {
  const words = word
    .replaceAll(/[_-]+/g, " ")
    .replaceAll(/\b(utm|api|csv|id|url)\b/g, (short) => short.toUpperCase())
    .trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Any JSON value as a line of text. */
export function plainText(value: unknown): string {
  if (value === null || value === undefined || value === "") return "—";
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (Array.isArray(value)) return value.map(plainText).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
