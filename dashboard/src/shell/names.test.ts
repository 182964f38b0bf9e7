import { hue, initials, leadName, plainText, sentence } from "./names";

test("a lead is called by the best name there is", () => {
  expect(leadName({ name: "Ana Silva", email: "a@b.c" })).toBe("Ana Silva");
  expect(leadName({ name: null, first_name: "Ana", last_name: null, email: "a@b.c" })).toBe("Ana");
  expect(leadName({ email: "a@b.c", company: "Acme" })).toBe("a@b.c");
  expect(leadName({ company: "Acme" })).toBe("Acme");
  expect(leadName({})).toBe("Unnamed lead");
});

test.each([
  ["Ana Maria Silva", "AS"],
  ["ana", "A"],
  ["ana.silva@example.org", "A"],
  ["", "?"],
])("%s is drawn as %s", (name, letters) => expect(initials(name)).toBe(letters));

test("a name keeps its colour", () => {
  expect(hue("Ana")).toBe(hue("Ana"));
  expect(hue("Ana")).not.toBe(hue("Ben"));
});

test("technical words become words", () => {
  expect(["utm_source", "formbricks", "api"].map(sentence)).toEqual(["UTM source", "Formbricks", "API"]);
});

test("any answer can be read", () => {
  expect([null, "", true, false, 3, ["a", "b"], { a: 1 }].map(plainText)).toEqual([
    "—",
    "—",
    "Yes",
    "No",
    "3",
    "a, b",
    '{"a":1}',
  ]);
});
