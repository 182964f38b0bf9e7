import hashlib
from pathlib import Path

import pytest

from infra.local.artifacts import COORDINATES, Artifact, ArtifactCache, read_lock
from infra.local.errors import CorruptArtifact, NoNetworkForArtifacts

JAR = Artifact("org.example", "thing", "1.0", "", 5, hashlib.sha256(b"hello").hexdigest())


@pytest.fixture
def maven_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What Maven has fetched already; and no way to the network."""
    folder = tmp_path / "m2"
    monkeypatch.setenv("M2_REPO", str(folder))
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    (folder / "org/example/thing/1.0").mkdir(parents=True)
    return folder


@pytest.mark.parametrize("server", sorted(COORDINATES))
def test_a_lock_names_what_its_coordinates_ask_for(server: str) -> None:
    locked = {artifact.coordinate for artifact in read_lock(server)}

    assert {coordinate.removesuffix("!") for coordinate in COORDINATES[server].split("+")} <= locked


def test_a_line_of_a_lock_reads_back() -> None:
    native = Artifact("org.example", "thing", "1.0", "linux-x86_64", 7, "ab")

    assert Artifact.from_line(native.line()) == native
    assert Artifact.from_line(JAR.line()) == JAR


@pytest.mark.asyncio
async def test_a_whole_file_needs_no_network(tmp_path: Path) -> None:
    cache = ArtifactCache(tmp_path)
    cache.path(JAR).parent.mkdir()
    cache.path(JAR).write_bytes(b"hello")

    assert await cache.fetch([JAR]) == [cache.path(JAR)]


@pytest.mark.asyncio
async def test_what_maven_has_already_is_taken_from_there(tmp_path: Path, maven_repository: Path) -> None:
    (maven_repository / "org/example/thing/1.0/thing-1.0.jar").write_bytes(b"hello")
    said: list[str] = []
    cache = ArtifactCache(tmp_path / "cache", said.append)

    [path] = await cache.fetch([JAR])

    assert path.read_bytes() == b"hello"
    assert said[0].startswith("Fetching 1 server files")
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == ["fetch.lock", "jars"]


@pytest.mark.asyncio
async def test_half_a_file_is_never_taken_for_the_whole(tmp_path: Path, maven_repository: Path) -> None:
    (maven_repository / "org/example/thing/1.0/thing-1.0.jar").write_bytes(b"hel")
    cache = ArtifactCache(tmp_path / "cache", retry_delay_seconds=0.0)
    cache.path(JAR).parent.mkdir(parents=True)
    cache.path(JAR).write_bytes(b"hel")
    assert cache.missing([JAR]) == [JAR]

    with pytest.raises((NoNetworkForArtifacts, CorruptArtifact)):
        await cache.fetch([JAR])
    assert cache.missing([JAR]) == [JAR]


@pytest.mark.asyncio
async def test_no_network_is_an_error_that_names_the_cache(tmp_path: Path, maven_repository: Path) -> None:
    with pytest.raises(NoNetworkForArtifacts, match="LEADFLOW_CACHE") as caught:
        await ArtifactCache(tmp_path / "cache", retry_delay_seconds=0.0).fetch([JAR])
    assert caught.value.missing == ("org.example:thing:1.0",)
