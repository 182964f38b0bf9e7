"""/docs: Swagger UI from our own host. The assets ship in the package fastapi-offline, of which only the files are used."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.responses import FileResponse, HTMLResponse, Response

from infra.gateway.problems import not_found

router = APIRouter(include_in_schema=False)
ASSETS: Final = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "favicon.png": "image/png",
}

PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Leadflow API</title>
<link rel="icon" href="/docs/assets/favicon.png">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/assets/start.js"></script>
</body>
</html>
"""
# A file of its own, because the page's policy allows no inline script.
START: Final = """window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  displayRequestDuration: true
});
"""


@cache
def assets_folder() -> Path:
    """Where the package keeps its files, without importing it. Raises FileNotFoundError if it isn't installed."""
    spec = find_spec("fastapi_offline")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("the package fastapi-offline, which has the files of Swagger UI, isn't installed")
    return Path(spec.submodule_search_locations[0]) / "static"


@router.get("/docs")
async def page() -> HTMLResponse:
    """Swagger UI."""
    return HTMLResponse(PAGE)


@router.get("/docs/assets/start.js")
async def start() -> Response:
    """Starts Swagger UI on our description."""
    return Response(START, media_type="text/javascript")


@router.get("/docs/assets/{name}")
async def asset(name: str) -> FileResponse:
    """One of its files."""
    if name not in ASSETS:
        raise not_found("file")
    return FileResponse(assets_folder() / name, media_type=ASSETS[name], headers={"Cache-Control": "public, max-age=86400"})
