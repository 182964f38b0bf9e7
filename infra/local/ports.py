"""TCP ports on 127.0.0.1: chosen once per data folder, so that addresses stay the same from start to start."""

import errno
import json
import random
import socket
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from infra.local.errors import PortInUse

HOST: Final = "127.0.0.1"
# Below what Linux hands out to outgoing connections (32768 and up): none of them can sit on a port while its server is
# down.
PORTS: Final = range(20000, 32000)
# The OpenSearch runner looks for a free port up to 9299 and can't be told otherwise.
OPENSEARCH_PORTS: Final = range(9201, 9300)
ATTEMPTS_MAX: Final = 500

OPENSEARCH_PORT: Final = "opensearch"


def is_free(port: int) -> bool:
    """Whether nothing listens on the port now. Connections of a former server that still linger don't count."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
    return True


class Ports:
    """The ports in one file of the data folder.

    `fixed` ones are taken as given: PortInUse if something else listens there. Any other that is taken is replaced,
    which `report` says.
    """

    def __init__(
        self, path: Path, fixed: Mapping[str, int] | None = None, report: Callable[[str], None] = lambda _: None
    ) -> None:
        self._path = path
        self._fixed = dict(fixed or {})
        self._report = report
        self._ports = self._read()

    def choose(self, names: Iterable[str]) -> None:
        """See to it that each name has a port on which nothing listens, and keep it."""
        for name in names:
            kept = self._fixed.get(name) or self._ports.get(name)
            if kept and is_free(kept):
                self._ports[name] = kept
                continue
            if kept and name in self._fixed:
                raise PortInUse(name, kept)
            self._ports[name] = self._any_free(name)
            if kept:
                self._report(f"{name}: port {kept} is taken by another program; using {self._ports[name]} instead.")
        self._write()

    def __getitem__(self, name: str) -> int:
        return self._ports[name]

    def took(self, name: str, port: int) -> None:
        """The server took another port than the one chosen."""
        if self._ports.get(name) == port:
            return
        if name in self._fixed:
            raise PortInUse(name, self._fixed[name])
        self._report(f"{name}: serves on port {port}.")
        self._ports[name] = port
        self._write()

    def _any_free(self, name: str) -> int:
        candidates = OPENSEARCH_PORTS if name == OPENSEARCH_PORT else PORTS
        taken = set(self._ports.values())
        for port in random.sample(candidates, min(len(candidates), ATTEMPTS_MAX)):
            if port not in taken and is_free(port):
                return port
        raise PortInUse(name, candidates[0])

    def _read(self) -> dict[str, int]:
        try:
            stored = json.loads(self._path.read_text(encoding="utf-8"))
            return {str(name): int(port) for name, port in stored.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, AttributeError, TypeError):
            self._report(f"{self._path} is unreadable; choosing new ports.")
            return {}

    def _write(self) -> None:
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(self._ports, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        new.replace(self._path)
