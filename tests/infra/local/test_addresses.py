from pathlib import Path

import pytest

from infra.local.addresses import MAIL, REDIS, Addresses, given_addresses
from infra.local.servers import GivenServers


def test_what_the_environment_names_is_given_and_the_rest_is_not() -> None:
    addresses, names = given_addresses(
        {"LEADFLOW_REDIS__URL": "redis://elsewhere/0", "LEADFLOW_MAIL__HOST": "mail.example", "LEADFLOW_KAFKA__BOOTSTRAP": " "}
    )

    assert names == {REDIS, MAIL}
    assert addresses == Addresses(redis_url="redis://elsewhere/0", smtp_host="mail.example", smtp_port=25)


def test_addresses_become_the_environment_that_gives_them() -> None:
    addresses = Addresses(
        kafka_bootstrap="127.0.0.1:1",
        postgres_url="postgresql://u@/d?host=/s",
        redis_url="redis://127.0.0.1:2/0",
        opensearch_url="http://127.0.0.1:3",
        smtp_host="127.0.0.1",
        smtp_port=4,
        s3_endpoint="http://127.0.0.1:5",
        s3_access_key="us",
        s3_secret_key="s3cret",
    )

    assert given_addresses(addresses.as_environment())[0] == addresses


def test_a_mail_port_that_is_no_number_is_named() -> None:
    with pytest.raises(ValueError, match="LEADFLOW_MAIL__PORT must be a number, not 'x'"):
        given_addresses({"LEADFLOW_MAIL__HOST": "mail.example", "LEADFLOW_MAIL__PORT": "x"})


def test_servers_that_do_not_run_are_left_out_of_the_environment() -> None:
    assert Addresses(redis_url="redis://x").as_environment() == {"LEADFLOW_REDIS__URL": "redis://x"}


def test_a_secret_key_is_not_shown_with_the_addresses() -> None:
    assert "s3cret" not in repr(Addresses(s3_endpoint="http://127.0.0.1:5", s3_secret_key="s3cret"))


def test_nothing_is_started_when_all_is_given(tmp_path: Path) -> None:
    given = Addresses(redis_url="redis://x")
    servers = GivenServers(tmp_path / "data", {REDIS}, environment=given.as_environment())

    assert servers.local is None
    assert servers.given_names == {REDIS}
    assert not (tmp_path / "data").exists()
