"""One module per vendor, found by being here: `VENDORS` names whom it serves, `translate` reads their payload."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol

from producers.forms.submission import ParsedSubmission


class Translate(Protocol):
    """Payload (as `payload.check` returns it) and mapping (target field -> path) to a submission.

    Pure and total: an odd payload gives a submission with less in it, never an error.
    """

    def __call__(self, payload: Any, mapping: Mapping[str, str], /) -> ParsedSubmission:
        """Read one payload."""


@cache
def adapters() -> Mapping[str, Translate]:
    """Every vendor with an adapter of its own; two modules may not claim the same one."""
    found: dict[str, Translate] = {}
    for module_info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        for vendor in module.VENDORS:
            if vendor in found:
                raise ValueError(f"two adapters serve {vendor}: {module_info.name} is the second")
            found[vendor] = module.translate
    return found


def translate(vendor: str, payload: Any, mapping: Mapping[str, str]) -> ParsedSubmission:
    """Read a payload with the vendor's adapter, or with the generic one where there is none."""
    known = adapters()
    return known.get(vendor, known["generic"])(payload, mapping)
