"""The operators of conditions: what a document's value must look like, and how one fact compares with it."""

import math
from collections.abc import Callable
from operator import ge, gt, le, lt
from typing import Any, Final

from pydantic import JsonValue

VALUES_MAX: Final = 1_000
TEXT_CHARACTERS_MAX: Final = 500
_NUMBER_CHARACTERS_MAX: Final = 40
_CONTAINERS: Final = (list, tuple, dict)

Check = Callable[[Any], bool]
"""Does one present, scalar value satisfy a condition?"""


class BadPredicate(ValueError):
    """A tree that can't be a condition; `path` says where (`all[2].value`), `message` what to do."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path or 'condition'}: {message}")
        self.path = path
        self.message = message


def absent(value: Any) -> bool:
    """False and 0 are answers; null, blank text and empty lists or objects are none."""
    if value is None or value is False:
        return value is None
    if value.__class__ is str:
        return not value.strip()
    return value.__class__ in _CONTAINERS and not value


def number_of(value: Any) -> float | None:
    """A number, or a text that reads as one; None for anything else, NaN and infinities included."""
    if value.__class__ is int or value.__class__ is float:
        return value if -math.inf < value < math.inf else None
    if value.__class__ is str and len(value) <= _NUMBER_CHARACTERS_MAX:
        try:
            number = float(value)
        except ValueError:
            return None
        return number if -math.inf < number < math.inf else None
    return None


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > TEXT_CHARACTERS_MAX:
        raise BadPredicate(path, f"must be a text of 1 to {TEXT_CHARACTERS_MAX} characters")
    return value.strip().casefold()


def _scalar(value: Any, path: str) -> JsonValue:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        if number_of(value) is None:
            raise BadPredicate(path, "must be a finite number")
        return value
    return _text(value, path)


def _list(value: Any, path: str) -> list[Any]:
    if not isinstance(value, list) or not value or len(value) > VALUES_MAX:
        raise BadPredicate(path, f"must be a list of 1 to {VALUES_MAX} values")
    return value


def _eq(value: Any, path: str) -> Check:
    wanted = _scalar(value, path)
    if isinstance(wanted, bool):
        return lambda found: found is wanted
    if isinstance(wanted, str):
        return lambda found: found.__class__ is str and found.strip().casefold() == wanted
    return lambda found: number_of(found) == wanted


def _in(value: Any, path: str) -> Check:
    wanted = [_scalar(item, f"{path}[{index}]") for index, item in enumerate(_list(value, path))]
    texts = frozenset(item for item in wanted if isinstance(item, str))
    truths = frozenset(item for item in wanted if isinstance(item, bool))
    numbers = frozenset(item for item in wanted if isinstance(item, int | float) and not isinstance(item, bool))

    def check(found: Any) -> bool:
        if found.__class__ is str and found.strip().casefold() in texts:
            return True
        if found.__class__ is bool:
            return found in truths
        return bool(numbers) and number_of(found) in numbers

    return check


def _contains(value: Any, path: str) -> Check:
    part = _text(value, path)
    return lambda found: found.__class__ is str and part in found.casefold()


def _starts_with(value: Any, path: str) -> Check:
    start = _text(value, path)
    return lambda found: found.__class__ is str and found.strip().casefold().startswith(start)


def _ends_with(value: Any, path: str) -> Check:
    end = _text(value, path)
    return lambda found: found.__class__ is str and found.strip().casefold().endswith(end)


def _matches_domain(value: Any, path: str) -> Check:
    """A domain or one below it; the fact may be a domain or an address. `value` is one domain or a list."""
    items = value if isinstance(value, list) else [value]
    domains = frozenset(
        _text(item, f"{path}[{index}]" if isinstance(value, list) else path).lstrip("@.").rstrip(".")
        for index, item in enumerate(_list(items, path))
    )
    if "" in domains:
        raise BadPredicate(path, "must name a domain such as acme.example")
    endings = tuple(f".{domain}" for domain in sorted(domains))

    def check(found: Any) -> bool:
        if found.__class__ is not str:
            return False
        domain = found.rpartition("@")[2].strip().casefold().rstrip(".")
        return domain in domains or domain.endswith(endings)

    return check


def _comparison(compare: Callable[[float, float], bool]) -> Callable[[Any, str], Check]:
    def make(value: Any, path: str) -> Check:
        limit = None if isinstance(value, bool | str) else number_of(value)
        if limit is None:
            raise BadPredicate(path, "must be a number")
        bound = limit

        def check(found: Any) -> bool:
            number = number_of(found)
            return number is not None and compare(number, bound)

        return check

    return make


OPERATORS: Final[dict[str, Callable[[Any, str], Check]]] = {
    "eq": _eq,
    "ne": _eq,
    "in": _in,
    "not_in": _in,
    "contains": _contains,
    "starts_with": _starts_with,
    "ends_with": _ends_with,
    "gt": _comparison(gt),
    "gte": _comparison(ge),
    "lt": _comparison(lt),
    "lte": _comparison(le),
    "matches_domain": _matches_domain,
}
