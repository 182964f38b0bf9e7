/** How a group is to be changed before it goes again, as somebody types it. Pure. */
import type { RepairAsked } from "../../api/types";
import { readMapping } from "../sources/mapping";

export type How = "mapping" | "patch" | "unchanged";
export const HOWS: readonly { value: How; label: string }[] = [
  { value: "mapping", label: "Read what was sent anew, by a mapping" },
  { value: "patch", label: "Change the same in all of them" },
  { value: "unchanged", label: "Send them again as they are" },
];

export type Change = Pick<RepairAsked, "mapping" | "patch">;

function patchOf(text: string): Change | string {
  try {
    const patch: unknown = JSON.parse(text);
    if (typeof patch === "object" && patch !== null && !Array.isArray(patch)) {
      return { patch: patch as NonNullable<Change["patch"]> };
    }
  } catch {
    // said below
  }
  return 'Write a JSON object, such as {"kind": "lead"}.';
}

/** The change, or what is wrong with the text; "" while there is none. */
export function readChange(how: How, text: string): Change | string {
  if (how === "unchanged") return {};
  if (text.trim() === "") return "";
  if (how === "patch") return patchOf(text);
  const mapping = readMapping(text);
  return typeof mapping === "number" ? `Line ${mapping} is not of the form field = path.` : { mapping };
}

/** "Bug", "Undecodable": the kinds of the gateway, in people's words. */
export const KINDS: Record<string, string> = {
  reject: "Refused by a rule",
  undecodable: "Can't be read",
  refused: "Can't be stored",
  bug: "Our mistake",
  skipped: "Skipped",
};
