"""What can go wrong with the local servers. Each class's message is one sentence, then what to do about it."""

from collections.abc import Sequence
from pathlib import Path


class LocalServersError(Exception):
    """The local servers could not do what was asked; the message says why and what to do."""


class PortInUse(LocalServersError):
    """Another program listens on the port that this server must have."""

    def __init__(self, server: str, port: int) -> None:
        self.server = server
        self.port = port
        super().__init__(
            f"Port {port}, which {server} needs, is taken by another program. "
            f"End that program (`ss -ltnp 'sport = :{port}'` names it), or start again to have another port chosen."
        )


class NoNetworkForArtifacts(LocalServersError):
    """A server's files are not in the cache yet and could not be fetched."""

    def __init__(self, missing: Sequence[str], cache_dir: Path, cause: str) -> None:
        self.missing = tuple(missing)
        self.cache_dir = cache_dir
        self.cause = cause
        first = ", ".join(self.missing[:3]) + (", ..." if len(self.missing) > 3 else "")
        super().__init__(
            f"{len(self.missing)} server file(s) could not be fetched ({first}): {cause}. "
            f"Connect to the network and start again (what has arrived is kept), or copy {cache_dir} from a machine "
            f"that has it; LEADFLOW_CACHE names another folder."
        )


class CorruptArtifact(LocalServersError):
    """A fetched file is not the one that the lock names."""

    def __init__(self, coordinate: str, expected_sha256: str, actual_sha256: str) -> None:
        self.coordinate = coordinate
        self.expected_sha256 = expected_sha256
        self.actual_sha256 = actual_sha256
        super().__init__(
            f"{coordinate} arrived with SHA-256 {actual_sha256[:16]}..., but {expected_sha256[:16]}... is expected. "
            f"Start again to fetch it anew; if it stays so, something between here and the registry changes files."
        )


class CorruptDataFolder(LocalServersError):
    """A server refuses its own data folder."""

    def __init__(self, server: str, folder: Path, cause: str) -> None:
        self.server = server
        self.folder = folder
        self.cause = cause
        super().__init__(
            f"{server} can't read its data in {folder}: {cause} "
            f"Move that folder away (or remove it, if nothing in it matters) and start again with an empty one."
        )


class ServerDidNotStart(LocalServersError):
    """A server ended, or stayed silent, before it was ready."""

    def __init__(self, server: str, why: str, log_path: Path, last_lines: Sequence[str]) -> None:
        self.server = server
        self.why = why
        self.log_path = log_path
        self.last_lines = tuple(last_lines)
        tail = "".join(f"\n    {line}" for line in self.last_lines)
        super().__init__(f"{server} did not start: {why}. Read {log_path}; its last lines:{tail or ' (none)'}")


class DataFolderInUse(LocalServersError):
    """Another process runs servers on this data folder."""

    def __init__(self, data_dir: Path, pid: int | None) -> None:
        self.data_dir = data_dir
        self.pid = pid
        who = f"process {pid}" if pid else "another process"
        end = f" (`kill {pid}`)" if pid else ""
        super().__init__(f"{who} already runs servers on {data_dir}. Use those, end it{end}, or name another folder.")


class NoUnprivilegedUser(LocalServersError):
    """PostgreSQL refuses to run as root, and no other user could be made or found."""

    def __init__(self, cause: str) -> None:
        self.cause = cause
        super().__init__(
            f"PostgreSQL refuses to run as root and no system user could be made for it: {cause}. "
            f"Run as an ordinary user, or make one with `useradd --system leadflow`."
        )


class GuardEnded(LocalServersError):
    """The small process that owns the servers is gone, and they with it."""

    def __init__(self) -> None:
        super().__init__("The process that guards the local servers ended, and the servers with it. Start them again.")


class ServersProcessFailed(LocalServersError):
    """The process that was to run the servers ended before they were ready; the message is its own."""

    def __init__(self, message: str) -> None:
        super().__init__(message or "The servers' process ended without a word. Run `python -m infra.local` to see.")
