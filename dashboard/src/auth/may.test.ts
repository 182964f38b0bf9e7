import { aUser, ANA } from "../test/builders";
import { canEdit, canErase, ownersFor } from "./may";

const BEN = "ben";

test("an analyst reads, only an admin erases", () => {
  expect(canEdit(aUser({ role: "analyst" }))).toBe(false);
  expect(canEdit(aUser({ role: "rep" }))).toBe(true);
  expect(canEdit(undefined)).toBe(false);
  expect(canErase(aUser({ role: "manager" }))).toBe(false);
  expect(canErase(aUser())).toBe(true);
});

test("a manager gives leads to anybody", () => {
  expect(ownersFor(aUser({ role: "manager" }), BEN, [ANA, BEN])).toEqual([null, ANA, BEN]);
});

test("a rep takes what is free and gives up what is theirs", () => {
  const rep = aUser({ role: "rep", person: ANA });
  expect(ownersFor(rep, null, [ANA, BEN])).toEqual([null, ANA]);
  expect(ownersFor(rep, ANA, [ANA, BEN])).toEqual([null, ANA]);
  expect(ownersFor(rep, BEN, [ANA, BEN])).toEqual([]);
  expect(ownersFor(aUser({ role: "analyst" }), null, [ANA])).toEqual([]);
});
