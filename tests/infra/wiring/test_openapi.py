"""dashboard/openapi.json describes the routes of the code."""

import json
from pathlib import Path

from infra.wiring import discovery, openapi


def test_the_kept_description_is_that_of_the_code() -> None:
    kept = json.loads(openapi.FILE.read_text(encoding="utf-8"))
    wanted = openapi.document()
    paths = kept["paths"].keys() | wanted["paths"].keys()
    stale = sorted(path for path in paths if kept["paths"].get(path) != wanted["paths"].get(path))
    assert not stale, f"{', '.join(stale)}: run `{openapi.COMMAND}`, then `npm run generate` in dashboard/, and commit both"
    assert kept == wanted, f"run `{openapi.COMMAND}`, then `npm run generate` in dashboard/, and commit both"


def test_every_described_route_that_is_found_is_in_it() -> None:
    described = openapi.document()["paths"]
    found = {
        route.path for router in discovery.routers() for route in router.routes if getattr(route, "include_in_schema", False)
    }
    assert found <= described.keys()


def test_what_is_written_is_the_same_each_time(tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    assert openapi.main(file) == 0
    assert file.read_text(encoding="utf-8") == openapi.text()
    assert json.loads(openapi.text()) == openapi.document()
