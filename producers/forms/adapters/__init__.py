"""One module per vendor, found by being here: `VENDORS` names whom it serves, `translate` reads their payload.

`readable` is the part of a payload whose fields are read by their names.
"""

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Protocol, cast

from producers.forms.reading.sheet import Entry
from producers.forms.submission import ParsedSubmission


class Adapter(Protocol):
    """Pure and total: an odd payload gives a submission with less in it, never an error."""

    VENDORS: Sequence[str]

    def translate(self, payload: Any, mapping: Mapping[str, str], known: Sequence[Entry] | None = None, /) -> ParsedSubmission:
        """Payload (as `payload.check` returns it) and mapping (target field -> path) to a submission.

        `known`: the entries of the readable part, where they are known already; without a mapping, the payload is then
        what stands beside that part.
        """

    def readable(self, payload: Any, /) -> Any:
        """The part with the answers, at the same places as in the payload."""


@cache
def adapters() -> Mapping[str, Adapter]:
    """Every vendor with an adapter of its own; two modules may not claim the same one."""
    found: dict[str, Adapter] = {}
    for module_info in pkgutil.iter_modules(__path__):
        module = cast("Adapter", importlib.import_module(f"{__name__}.{module_info.name}"))
        for vendor in module.VENDORS:
            if vendor in found:
                raise ValueError(f"two adapters serve {vendor}: {module_info.name} is the second")
            found[vendor] = module
    return found


def adapter(vendor: str) -> Adapter:
    """The vendor's, or the generic one where there is none."""
    known = adapters()
    return known.get(vendor, known["generic"])


def translate(vendor: str, payload: Any, mapping: Mapping[str, str]) -> ParsedSubmission:
    """Read a payload with the vendor's adapter, or with the generic one where there is none."""
    return adapter(vendor).translate(payload, mapping)
