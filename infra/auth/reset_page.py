"""GET /reset: where the link of a mail leads. A page of its own, so that a password can be chosen whatever the dashboard is like.

The token stands behind `#`, which no browser sends to a server or tells another page.
"""

from typing import Final

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from infra.auth.passwords import CHARACTERS_MAX, CHARACTERS_MIN

router = APIRouter(include_in_schema=False)

PAGE: Final = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Choose a password</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 0; min-height: 100vh; background: #f5f6f8; color: #1b2430; }}
body {{ display: grid; place-items: center; }}
main {{ background: #fff; border: 1px solid #d8dde5; border-radius: 12px; padding: 32px; width: min(340px, calc(100vw - 96px)); }}
h1 {{ font-size: 20px; margin: 0 0 16px; }}
label, input, button {{ display: block; width: 100%; box-sizing: border-box; font: inherit; }}
input {{ margin: 4px 0 16px; padding: 8px; border: 1px solid #8a94a6; border-radius: 6px; }}
button {{ padding: 10px; border: 0; border-radius: 6px; background: #1f4fd8; color: #fff; cursor: pointer; }}
button:disabled {{ background: #5f6b7d; }}
[role=alert] {{ color: #a3161f; min-height: 24px; margin: 12px 0 0; }}
</style>
</head>
<body>
<main>
<h1>Choose a password</h1>
<form>
<label for="password">New password, at least {CHARACTERS_MIN} characters</label>
<input id="password" name="password" type="password" autocomplete="new-password" required autofocus
  minlength="{CHARACTERS_MIN}" maxlength="{CHARACTERS_MAX}">
<button>Save</button>
</form>
<p role="alert"></p>
<noscript>This page needs JavaScript.</noscript>
</main>
<script src="/reset/reset.js"></script>
</body>
</html>
"""
# A file of its own, because the page's policy allows no inline script.
SCRIPT: Final = """"use strict";
const form = document.querySelector("form");
const said = document.querySelector("[role=alert]");
const token = new URLSearchParams(location.hash.slice(1)).get("token");
history.replaceState(null, "", location.pathname);
if (!token) said.textContent = "The link isn't complete: open it from the mail again.";

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  said.textContent = "";
  try {
    const answer = await fetch("/v1/auth/reset/confirm", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token: token || "", password: form.password.value }),
    });
    if (answer.ok) {
      location.replace("/");
      return;
    }
    const problem = await answer.json();
    const wrong = (problem.errors || []).map((error) => error.field + " " + error.message).join("; ");
    said.textContent = wrong ? problem.title + ": " + wrong + "." : problem.detail || problem.title;
  } catch {
    said.textContent = "That didn't work. Check the connection and try again.";
  }
  button.disabled = false;
});
"""


@router.get("/reset")
async def reset_page() -> HTMLResponse:
    """The form."""
    return HTMLResponse(PAGE, headers={"Cache-Control": "no-store"})


@router.get("/reset/reset.js")
async def reset_script() -> Response:
    """What sends it."""
    return Response(SCRIPT, media_type="text/javascript")
