/** jsdom has no fetch and hides Node's; give the page Node's own, so that msw can answer it. */
const { TestEnvironment } = require("jest-environment-jsdom");

const FROM_NODE = [
  "fetch",
  "Request",
  "Response",
  "Headers",
  "Blob",
  "ReadableStream",
  "WritableStream",
  "TransformStream",
  "TextEncoder",
  "TextDecoder",
  "TextDecoderStream",
  "BroadcastChannel",
  "AbortController",
  "AbortSignal",
  "structuredClone",
];

class DashboardEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    this.customExportConditions = ["node", "require", "default"];
    for (const name of FROM_NODE) this.global[name] = globalThis[name];
    this.global.Uint8Array = Uint8Array;
  }

  exportConditions() {
    return ["node", "require", "default"];
  }
}

module.exports = DashboardEnvironment;
