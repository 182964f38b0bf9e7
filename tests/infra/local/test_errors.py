from pathlib import Path

from infra.local.errors import (
    CorruptDataFolder,
    DataFolderInUse,
    LocalServersError,
    NoNetworkForArtifacts,
    ServerDidNotStart,
)


def test_a_server_that_did_not_start_names_its_log_and_shows_its_end() -> None:
    error = ServerDidNotStart("kafka", "it ended with code 1", Path("/d/logs/kafka.log"), ["one", "two"])

    assert str(error) == ("kafka did not start: it ended with code 1. Read /d/logs/kafka.log; its last lines:\n    one\n    two")


def test_a_corrupt_folder_is_named_with_a_way_out() -> None:
    error = CorruptDataFolder("postgres", Path("/d/postgres"), "PG_VERSION is missing.")

    assert "can't read its data in /d/postgres: PG_VERSION is missing. Move that folder away" in str(error)


def test_missing_files_without_a_network_name_the_cache_and_two_ways_out() -> None:
    error = NoNetworkForArtifacts(["a:b:1", "c:d:2", "e:f:3", "g:h:4"], Path("/cache"), "ConnectionError")

    assert str(error).startswith("4 server file(s) could not be fetched (a:b:1, c:d:2, e:f:3, ...): ConnectionError.")
    assert "copy /cache from a machine" in str(error)


def test_a_folder_in_use_by_an_unknown_process_is_still_a_sentence() -> None:
    assert str(DataFolderInUse(Path("/d"), None)).startswith("another process already runs servers on /d.")


def test_one_class_catches_them_all() -> None:
    assert issubclass(CorruptDataFolder, LocalServersError)
