/** A mapping as people write it: one line "field = path" for each. Pure. */

export type Mapping = Record<string, string>;

export const mappingText = (mapping: Mapping): string =>
  Object.entries(mapping)
    .map(([field, path]) => `${field} = ${path}`)
    .join("\n");

/** Lines -> a mapping, or the number of the first line that is none. */
export function readMapping(text: string): Mapping | number {
  const mapping: Mapping = {};
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const cut = line.indexOf("=");
    const [field, path] = [line.slice(0, Math.max(cut, 0)).trim(), line.slice(cut + 1).trim()];
    if (field === "" || path === "") return index + 1;
    mapping[field] = path;
  }
  return mapping;
}
