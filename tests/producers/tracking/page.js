// A page as far as t.js asks for one: runs the snippet, then the steps given as JSON, and prints what can be seen from outside.
"use strict";
const fs = require("fs");
const vm = require("vm");
const { webcrypto } = require("crypto");
const [snippet, given] = process.argv.slice(2);
const asked = JSON.parse(given);
const kept = new Map(Object.entries(asked.stored || {}));
const beacons = [], fetches = [], told = [], timers = [], listeners = { window: {}, document: {} };
const inputs = (asked.forms || []).flatMap((form) => form.inputs);
const listen = (where) => (name, then) => { (listeners[where][name] = listeners[where][name] || []).push(then); };
const fire = (where, name, event) => (listeners[where][name] || []).forEach((then) => then(event || {}));
const location = { href: asked.url || "https://shop.example/a?mail=ada#top" };
const history = { pushState: (_state, _title, url) => { location.href = new URL(url, location.href).href; } };
const storage = {
  getItem: (name) => { if (asked.storageOff) throw new Error("off"); return kept.has(name) ? kept.get(name) : null; },
  setItem: (name, value) => { if (asked.storageOff) throw new Error("off"); kept.set(name, value); },
  removeItem: (name) => kept.delete(name),
};
const document = {
  title: "Prices", referrer: asked.referrer || "", visibilityState: "visible",
  currentScript: { src: "https://leads.example/t.js", getAttribute: () => (asked.source === undefined ? "src_1" : asked.source) },
  querySelectorAll: () => inputs,
  createElement: () => ({}),
  addEventListener: listen("document"),
  dispatchEvent: (event) => told.push(event.detail.visitor),
};
const window = { crypto: webcrypto, localStorage: storage, addEventListener: listen("window"), leadflow: asked.before };
window.CustomEvent = class { constructor(_name, options) { this.detail = options.detail; } };
window.fetch = (url, options) => { fetches.push({ url, body: JSON.parse(options.body), credentials: options.credentials }); return Promise.resolve(); };
const navigator = { sendBeacon: (url, body) => { if (asked.beaconsOff) return false; beacons.push({ url, body: JSON.parse(body) }); return true; } };
const context = {
  window, document, navigator, location, history, URL, CustomEvent: window.CustomEvent, Date, JSON, Math, String, Uint8Array,
  encodeURIComponent, setTimeout: (then, ms) => { timers.push({ then, ms }); return timers.length; },
  clearTimeout: (id) => { if (id) timers[id - 1] = null; },
};
vm.runInNewContext(fs.readFileSync(snippet, "utf8"), context);
const steps = {
  consent: (yes) => window.leadflow.consent(yes),
  go: (url) => history.pushState(null, "", url),
  wait: () => {
    while (timers.some(Boolean)) {
      const next = timers.filter(Boolean).reduce((first, one) => (one.ms < first.ms ? one : first));
      timers[timers.indexOf(next)] = null;
      next.then();
    }
  },
  leave: () => fire("window", "pagehide"),
  submit: (action) => {
    const form = { action, fields: [], querySelector: () => form.fields[0] || null, appendChild: (field) => { form.fields.push(field); inputs.push(field); } };
    fire("document", "submit", { target: form });
    forms.push(form.fields);
  },
};
const forms = [];
for (const [name, ...values] of asked.steps || []) steps[name](...values);
const visitor = window.leadflow && window.leadflow.visitor ? window.leadflow.visitor() : null;
process.stdout.write(JSON.stringify({ stored: Object.fromEntries(kept), beacons, fetches, told, visitor, forms, inputs }));
