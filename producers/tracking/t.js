/* Leadflow: which pages a visitor sees, once they agree. Stores nothing and sends nothing before leadflow.consent(true). */
(function () {
  "use strict";
  var script = document.currentScript;
  var source = script && script.getAttribute("data-source");
  if (!source) return;
  var base = script.src.replace(/\/t\.js(\?.*)?$/, "");
  var target = base + "/v1/track/" + encodeURIComponent(source);
  var KEY = "leadflow.visitor", FIELD = "lf_visitor";
  var VIEWS_MAX = 20, TEXT_MAX = 500, URL_MAX = 2000, PAUSE_MS = 1500;
  var before = window.leadflow || {};
  var visitor = null, views = [], timer = null, last = null;

  function made() {
    var bytes = new Uint8Array(16), text = "";
    window.crypto.getRandomValues(bytes);
    for (var i = 0; i < bytes.length; i++) text += (bytes[i] + 256).toString(16).slice(1);
    return text;
  }

  function recalled() {
    try {
      var kept = window.localStorage.getItem(KEY);
      if (kept && /^[\w-]{16,64}$/.test(kept)) return kept;
      kept = made();
      window.localStorage.setItem(KEY, kept);
      return kept;
    } catch (away) {
      return made(); // storage is off: known for as long as the page is open
    }
  }

  function forget() {
    visitor = null;
    views = [];
    last = null;
    clearTimeout(timer);
    timer = null;
    try { window.localStorage.removeItem(KEY); } catch (away) { /* nothing was kept */ }
  }

  function view() {
    if (!visitor) return;
    var url = location.href.split("#")[0].slice(0, URL_MAX);
    if (url === last) return;
    views.push({
      id: made(), at: Date.now(), url: url, title: document.title.slice(0, TEXT_MAX),
      referrer: (last || document.referrer || "").slice(0, URL_MAX)
    });
    last = url;
    if (views.length >= VIEWS_MAX) send();
    else if (!timer) timer = setTimeout(send, PAUSE_MS);
  }

  function send() {
    clearTimeout(timer);
    timer = null;
    if (!visitor || !views.length) return;
    var now = Date.now();
    var body = JSON.stringify({
      visitor: visitor,
      views: views.splice(0, VIEWS_MAX).map(function (one) {
        return { id: one.id, ago_ms: Math.max(0, now - one.at), url: one.url, title: one.title, referrer: one.referrer };
      })
    });
    // Plain text is asked for by no browser beforehand.
    if (navigator.sendBeacon && navigator.sendBeacon(target, body)) return;
    if (window.fetch) window.fetch(target, { method: "POST", body: body, keepalive: true, mode: "no-cors", credentials: "omit" })["catch"](function () {});
  }

  function fill() {
    var fields = document.querySelectorAll("input[name='" + FIELD + "']");
    for (var i = 0; i < fields.length; i++) fields[i].value = visitor || "";
  }

  function submitted(event) {
    var form = event.target;
    if (!form || String(form.action).indexOf(base + "/v1/intake/") !== 0) return;
    if (visitor && !form.querySelector("input[name='" + FIELD + "']")) {
      var field = document.createElement("input");
      field.type = "hidden";
      field.name = FIELD;
      form.appendChild(field);
    }
    fill();
  }

  function told() {
    fill();
    if (window.CustomEvent) document.dispatchEvent(new CustomEvent("leadflow", { detail: { visitor: visitor } }));
  }

  function consent(given) {
    if (given === true) {
      if (visitor) return;
      visitor = recalled();
      told();
      view();
    } else {
      forget();
      told();
    }
  }

  var push = history.pushState;
  if (push) {
    history.pushState = function () {
      var done = push.apply(this, arguments);
      setTimeout(view, 0); // once the page has its new title
      return done;
    };
  }
  window.addEventListener("popstate", function () { setTimeout(view, 0); });
  window.addEventListener("pagehide", send);
  document.addEventListener("visibilitychange", function () { if (document.visibilityState === "hidden") send(); });
  document.addEventListener("submit", submitted, true);

  window.leadflow = { consent: consent, page: view, visitor: function () { return visitor; } };
  if (before.given === true) consent(true);
})();
