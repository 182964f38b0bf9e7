"""A small bounded cache."""

from collections import OrderedDict
from typing import Generic, TypeVar

V = TypeVar("V")


class Recent(Generic[V]):
    """A bounded map that forgets what was not asked for longest."""

    __slots__ = ("_items", "_size_max")

    def __init__(self, size_max: int) -> None:
        self._items: OrderedDict[str, V] = OrderedDict()
        self._size_max = size_max

    def get(self, name: str, default: V) -> V:
        """`default` if it is not there."""
        found = self._items.get(name, default)
        if found is not default:
            self._items.move_to_end(name)
        return found

    def put(self, name: str, value: V) -> None:
        """Remember it, at the cost of the one least recently asked for."""
        self._items[name] = value
        if len(self._items) > self._size_max:
            self._items.popitem(last=False)

    def drop(self, name: str) -> None:
        """Forget one; absent is fine."""
        self._items.pop(name, None)
