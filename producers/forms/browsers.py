"""What only browsers need of intake: which pages may post, answers that a page may read, and where a posted form leads to."""

from collections.abc import Mapping
from typing import Final

from infra.gateway.problems import Problem
from producers.forms import pages
from producers.forms.sources import IntakeSource

FORM_PREFIX: Final = "/f/"
_PREFLIGHT_SECONDS: Final = b"600"
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")

Headers = list[tuple[bytes, bytes]]


def is_one(headers: Mapping[str, str]) -> bool:
    """Whether a browser sends this, for a page or for a person."""
    return "origin" in headers or headers.get("accept", "").startswith("text/html")


def admit(source: IntakeSource, headers: Mapping[str, str], own_origin: str) -> None:
    """Raises Problem 403 for a page that the source doesn't name. Who sends no Origin is no page."""
    origin = headers.get("origin")
    if origin is None or not source.allowed_origins or origin in source.allowed_origins:
        return
    # A browser lets no page say that it is of the host that it posts to.
    if origin == own_origin or origin.partition("://")[2] == headers.get("host"):
        return
    raise _not_from_here()


def shared(source: IntakeSource, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers by which a named page may read the answer."""
    origin = headers.get("origin")
    if origin is None or origin not in source.allowed_origins:
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": "X-Submission-Id, Retry-After",
        "Vary": "Origin",
    }


def preflight(source: IntakeSource, headers: Mapping[str, str]) -> Headers:
    """The answer to a browser that asks before it posts. Raises Problem 403 if its page isn't named."""
    allowed = shared(source, headers)
    if not allowed:
        raise _not_from_here()
    return [
        *[(name.lower().encode(), value.encode("latin-1")) for name, value in allowed.items()],
        (b"access-control-allow-methods", b"POST"),
        (b"access-control-allow-headers", b"content-type"),
        (b"access-control-max-age", _PREFLIGHT_SECONDS),
        (b"content-length", b"0"),
    ]


def _not_from_here() -> Problem:
    return Problem(403, "origin-not-allowed", "Not allowed from this page", "The source takes posts from other pages only.")


def is_form_post(headers: Mapping[str, str]) -> bool:
    """Whether a person pressed a button and waits for a page."""
    accept = headers.get("accept", "")
    # Java's own client claims to want a page, and a picture.
    waits = accept.startswith("text/html") and not accept.startswith("text/html, image/gif")
    return waits and headers.get("content-type", "").startswith(_FORMS)


def refusal(problem: Problem) -> tuple[Headers, bytes]:
    """The page for a person whose form could not be taken."""
    why = "; ".join(f"{error.field.strip('/')} {error.message}" for error in problem.errors) or problem.detail or ""
    body = pages.page("This could not be sent", f"{why}\nPlease go back and try again.").encode()
    policy = pages.policy(())
    return [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-security-policy", policy.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"content-length", b"%d" % len(body)),
    ], body


def thanks(source_id: str) -> bytes:
    """Where a posted form leads to."""
    return f"{FORM_PREFIX}{source_id}/thanks".encode()
