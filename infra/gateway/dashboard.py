"""The dashboard's files at `/`, and its index page for every other address that a browser navigates to."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.responses import HTMLResponse

NOT_BUILT: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Leadflow</title></head><body>
<h1>Leadflow is running</h1>
<p>The dashboard isn't built yet: run <code>make build</code>. The API is described at <a href="/docs">/docs</a>.</p>
</body></html>
"""


def serve(app: FastAPI, folder: Path) -> None:
    """Add the dashboard as the last resort of `app`, or a page that says how to build it."""
    if (folder / "index.html").is_file():
        app.frontend("/", directory=folder, fallback="index.html", check_dir=True)
        return

    @app.get("/", include_in_schema=False)
    async def not_built() -> HTMLResponse:
        return HTMLResponse(NOT_BUILT)
