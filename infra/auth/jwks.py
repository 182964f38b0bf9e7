"""GET /.well-known/jwks.json: the public halves of the keys that sign access tokens, for whoever verifies them elsewhere."""

from typing import Any, Final

from fastapi import APIRouter, Response

from infra.gateway.services import Used

router = APIRouter(tags=["auth"])
KEPT_SECONDS: Final = 300


@router.get("/.well-known/jwks.json")
async def jwks(response: Response, given: Used) -> dict[str, Any]:
    """Keys that sign now, did lately, or will next (RFC 7517)."""
    response.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
    return given.tokens.public_keys()
