/** @type {import("jest").Config} */
export default {
  testEnvironment: "<rootDir>/src/test/environment.cjs",
  setupFiles: ["<rootDir>/src/test/polyfills.ts"],
  setupFilesAfterEnv: ["<rootDir>/src/test/setup.ts"],
  testMatch: ["<rootDir>/src/**/*.test.{ts,tsx}"],
  transform: {
    "^.+\\.(t|j|mj)sx?$": [
      "@swc/jest",
      {
        jsc: {
          target: "es2022",
          parser: { syntax: "typescript", tsx: true },
          transform: { react: { runtime: "automatic" } },
        },
        module: { type: "commonjs" },
      },
    ],
  },
  transformIgnorePatterns: [
    "/node_modules/(?!(msw|@mswjs|until-async|rettime|@open-draft|outvariant|is-node-process|@bundled-es-modules|openapi-fetch|lucide-react|strict-event-emitter|headers-polyfill|statuses|cookie|tough-cookie)/)",
  ],
  moduleNameMapper: { "\\.css$": "<rootDir>/src/test/style.cjs" },
  collectCoverageFrom: ["src/**/*.{ts,tsx}", "!src/test/**", "!src/main.tsx", "!src/**/*.d.ts"],
  coverageReporters: ["text", "lcovonly"],
  coverageThreshold: { global: { lines: 85, statements: 85 } },
  maxWorkers: 2,
  testTimeout: 60_000,
};
