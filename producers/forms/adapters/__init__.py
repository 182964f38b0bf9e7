"""One module per vendor, found by being here: `VENDORS` names whom it serves, `translate` reads their payload.

Where it has `parts`, a request is cut by it into what is translated; else it has `readable`, the part of a payload whose fields
are read by their names, and `beside`, the rest that is read, and layouts of both are remembered. `ACCEPTED` (status, body) is
what the vendor wants to be answered.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol, cast

from producers.forms.labelled import Part
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

    def beside(self, payload: Any, /) -> Any:
        """What else `translate` reads where there is no mapping, at the same places."""


Parts = Callable[[Any, Mapping[str, str]], list[Part]]
"""Payload and headers to what each submission is read from. Raises BadPayload."""


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


@cache
def _parts() -> Mapping[str, Parts]:
    return {vendor: module.parts for vendor, module in adapters().items() if hasattr(module, "parts")}


def parts_of(vendor: str) -> Parts | None:
    """How the vendor's requests are cut; None: one request is one submission."""
    return _parts().get(vendor)


def accepted_by(vendor: str) -> tuple[int, bytes | None]:
    """What the vendor wants to be answered; no body: ours."""
    wanted: tuple[int, bytes | None] = getattr(adapter(vendor), "ACCEPTED", (202, None))
    return wanted


def translate(vendor: str, payload: Any, mapping: Mapping[str, str]) -> ParsedSubmission:
    """Read a payload with the vendor's adapter, or with the generic one where there is none."""
    return adapter(vendor).translate(payload, mapping)
