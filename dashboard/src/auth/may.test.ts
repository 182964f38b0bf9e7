import { aUser, ANA } from "../test/builders";
import { canChangeSources, canEdit, canErase, canManageUsers, canSeeSources, ownersFor } from "./may";

const BEN = "ben";

test("an analyst reads, only an admin erases", () => {
  expect(canEdit(aUser({ role: "analyst" }))).toBe(false);
  expect(canEdit(aUser({ role: "rep" }))).toBe(true);
  expect(canEdit(undefined)).toBe(false);
  expect(canErase(aUser({ role: "manager" }))).toBe(false);
  expect(canErase(aUser())).toBe(true);
});

test("users are an admin's business, sources a manager's too, and an analyst looks at them", () => {
  const roles = ["admin", "manager", "rep", "analyst"] as const;
  const who = (may: typeof canEdit) => roles.filter((role) => may(aUser({ role })));
  expect(who(canManageUsers)).toEqual(["admin"]);
  expect(who(canChangeSources)).toEqual(["admin", "manager"]);
  expect(who(canSeeSources)).toEqual(["admin", "manager", "analyst"]);
  expect([canManageUsers, canChangeSources, canSeeSources].some((may) => may(undefined))).toBe(false);
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
