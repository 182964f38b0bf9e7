"""ETag and If-Match: only change what is still as you read it."""

from infra.gateway.problems import FieldError, Problem


def expected_version(if_match: str | None) -> int | None:
    """What If-Match says: a version, or any (None). Raises Problem 400."""
    if if_match is None or if_match.strip() == "*":
        return None
    tag = if_match.strip().removeprefix("W/").strip('"')
    if not (tag.isascii() and tag.isdecimal() and len(tag) < 19):
        wrong = FieldError("If-Match", 'send the ETag as you read it, such as "42"')
        raise Problem(400, "malformed", "Malformed request", errors=[wrong])
    return int(tag)
