import { messageFor, fieldLabel, humanText, ProblemError, problemFrom } from "./problem";

test("each wrong field is named", () => {
  const problem = problemFrom(422, {
    type: "https://leadflow.dev/problems/invalid",
    title: "Invalid request",
    errors: [
      { field: "first_name", message: "is too long" },
      { field: "custom.size", message: "is not a number" },
      { field: "", message: "give an email or a name" },
    ],
  });
  expect(problem.slug).toBe("invalid");
  expect(humanText(problem)).toBe("First name: is too long · Size: is not a number · give an email or a name");
});

test("the detail is what people read, then the title, then what the status means", () => {
  expect(humanText(problemFrom(409, { title: "Busy", detail: "The request is no longer open." }))).toBe(
    "The request is no longer open.",
  );
  expect(humanText(problemFrom(409, { title: "Busy" }))).toBe("Busy");
  expect(humanText(problemFrom(403, null))).toBe("You are not allowed to do this.");
  expect(humanText(problemFrom(418, "<html>"))).toBe("The server answered 418.");
});

test("a conflict says what to do", () => {
  expect(humanText(problemFrom(412, { detail: "expected 7, is 8" }))).toMatch(/newest version/);
});

test("what is no problem of ours is not shown raw", () => {
  expect(humanText(new Error("undefined is not a function"))).toMatch(/unexpected/);
  expect(new ProblemError(0, "x").fields).toEqual([]);
});

test("labels come from JSON pointers and dotted names alike", () => {
  expect(["/body/email", "body.last_name", "phone"].map(fieldLabel)).toEqual(["Email", "Last name", "Phone"]);
});

test("how long to wait is a number of seconds, or not known", () => {
  expect(problemFrom(429, null, "12").waitSeconds).toBe(12);
  for (const said of [undefined, null, "", "soon", "-1", "Wed, 21 Oct 2026 07:28:00 GMT", "9".repeat(40)]) {
    expect(problemFrom(429, null, said).waitSeconds).toBeNull();
  }
});

test("a form finds what is wrong with its field wherever the gateway names it", () => {
  const error = problemFrom(422, {
    errors: [
      { field: "body.email", message: "is taken" },
      { field: "/new", message: "is short" },
    ],
  });
  expect([messageFor(error, "email"), messageFor(error, "new"), messageFor(error, "name")]).toEqual([
    "is taken",
    "is short",
    undefined,
  ]);
  expect(messageFor(new Error("other"), "email")).toBeUndefined();
});
