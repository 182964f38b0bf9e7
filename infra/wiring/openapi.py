"""The routes of the code -> dashboard/openapi.json, from which the dashboard's client is generated.

`python -m infra.wiring.openapi` writes it; then `npm run generate` in dashboard/ writes the client's types.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

from infra.gateway import app
from infra.wiring import catalogue, discovery

FILE: Final = Path(__file__).resolve().parents[2] / "dashboard" / "openapi.json"
COMMAND: Final = "python -m infra.wiring.openapi"


def document() -> dict[str, Any]:
    """What the gateway answers at /openapi.json, without any server running."""
    return app.openapi([*discovery.routers(), catalogue.router])


def text() -> str:
    """The document as it is kept: a change of one route is a change of its lines."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def main(file: Path = FILE) -> int:
    """Write it. 0: there is nothing that could be refused."""
    file.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"{file.name}: {len(document()['paths'])} paths\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
