import { mappingText, readMapping } from "./mapping";

test("a mapping is read as it is written", () => {
  const mapping = { company: "data.org", "answers.Budget": "data.b", name: "a=b" };
  expect(readMapping(mappingText(mapping))).toEqual(mapping);
  expect(readMapping(" company=data.org \n\n")).toEqual({ company: "data.org" });
  expect(readMapping("")).toEqual({});
});

test("a line that says nothing is named", () => {
  expect(["company", "a = b\n= x", "a = b\n\nc ="].map(readMapping)).toEqual([1, 2, 3]);
});
