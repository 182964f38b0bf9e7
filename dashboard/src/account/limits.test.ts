import api from "../../openapi.json";
import { PASSWORD_CHARACTERS_MIN } from "./limits";

test("what is told about passwords is what the gateway asks for", () => {
  expect(api.components.schemas.PasswordChange.properties.new.minLength).toBe(PASSWORD_CHARACTERS_MIN);
});
