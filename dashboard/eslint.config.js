import hooks from "eslint-plugin-react-hooks";
import ts from "typescript-eslint";

export default ts.config(
  { ignores: ["dist", "coverage", "node_modules", "src/api/schema.d.ts", "test-results", "playwright-report"] },
  ...ts.configs.strict,
  {
    files: ["src/**/*.{ts,tsx}"],
    extends: [hooks.configs.flat["recommended-latest"]],
    rules: {
      "max-lines": ["error", { max: 250, skipBlankLines: true, skipComments: true }],
      "no-console": "error",
      eqeqeq: "error",
    },
  },
  { files: ["**/*.cjs"], rules: { "@typescript-eslint/no-require-imports": "off" } },
  {
    files: ["src/**/*.{ts,tsx}"],
    ignores: ["src/api/**", "src/auth/**", "src/live/**", "src/test/**"],
    rules: {
      "no-restricted-globals": ["error", { name: "fetch", message: "Go through the client in src/api." }],
    },
  },
);
