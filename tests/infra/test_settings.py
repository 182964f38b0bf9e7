import base64
import os
from pathlib import Path

import pytest

from infra.settings import BadSettings, Settings, environment_of, load


def test_without_variables_there_are_defaults() -> None:
    assert load({}) == Settings()


def test_a_nested_variable_sets_a_nested_value_with_its_type() -> None:
    found = load({"LEADFLOW_KAFKA__PARTITIONS": "24", "LEADFLOW_KAFKA__PREFIX": "eu.", "LEADFLOW_DATA_DIR": "/srv/x"})
    assert (found.kafka.partitions, found.kafka.prefix, found.data_dir) == (24, "eu.", Path("/srv/x"))


def test_variables_of_others_are_of_no_concern() -> None:
    assert load({"PATH": "/bin", "LEADFLOWER": "x", "LEADFLOW_CACHE": "/tmp/x"}) == Settings()


@pytest.mark.parametrize("name", ["LEADFLOW_KAFKA__BOOTSTRAPS", "LEADFLOW_NONSENSE", "LEADFLOW_KAFKA__BOOTSTRAP__X__Y"])
def test_an_unknown_variable_is_named(name: str) -> None:
    with pytest.raises(BadSettings, match=name.removesuffix("__X__Y")):
        load({name: "x"})


def test_an_unknown_variable_is_said_to_be_unknown() -> None:
    with pytest.raises(BadSettings, match="LEADFLOW_MAIL__HOSTS: there is no such setting"):
        load({"LEADFLOW_MAIL__HOSTS": "x"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEADFLOW_KAFKA__PARTITIONS", "many"),
        ("LEADFLOW_KAFKA__PARTITIONS", "0"),
        ("LEADFLOW_GATEWAY__PORT", "70000"),
        ("LEADFLOW_TELEMETRY__LOG_FORMAT", "xml"),
        ("LEADFLOW_KAFKA", "localhost"),
    ],
)
def test_an_unusable_value_is_named(name: str, value: str) -> None:
    with pytest.raises(BadSettings, match=f"{name}: "):
        load({name: value})


def test_a_group_set_as_a_whole_and_in_part_is_refused_and_not_silently_halved() -> None:
    with pytest.raises(BadSettings, match="LEADFLOW_KAFKA"):
        load({"LEADFLOW_KAFKA": "x", "LEADFLOW_KAFKA__PREFIX": "eu."})


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(BadSettings) as told:
        load({"LEADFLOW_NONSENSE": "x", "LEADFLOW_GATEWAY__PORT": "nine"})
    assert "LEADFLOW_NONSENSE" in str(told.value)
    assert "LEADFLOW_GATEWAY__PORT" in str(told.value)


def test_a_bad_secret_is_never_quoted() -> None:
    with pytest.raises(BadSettings) as told:
        load({"LEADFLOW_CRYPTO__MASTER_KEY__X": "hunter2", "LEADFLOW_AUTH__ACCESS_SECONDS": "hunter2"})
    assert "hunter2" not in str(told.value)


def test_a_secret_comes_from_a_file_without_its_last_newline(tmp_path: Path) -> None:
    key = base64.b64encode(os.urandom(32)).decode()
    (tmp_path / "key").write_text(key + "\n")
    found = load({"LEADFLOW_CRYPTO__MASTER_KEY_FILE": str(tmp_path / "key")})
    assert found.crypto.master_key is not None
    assert found.crypto.master_key.get_secret_value() == key


def test_a_secrets_file_that_cannot_be_read_names_the_variable_and_the_file(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"LEADFLOW_CRYPTO__MASTER_KEY_FILE: can't read '.*/gone': No such file"):
        load({"LEADFLOW_CRYPTO__MASTER_KEY_FILE": str(tmp_path / "gone")})


def test_a_secret_is_not_shown() -> None:
    assert "hunter2" not in repr(load({"LEADFLOW_CRYPTO__MASTER_KEY": "hunter2"}))


def test_the_environment_of_settings_loads_the_same_settings(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("-----BEGIN-----\nabc\n-----END-----\n")
    given = {
        "LEADFLOW_KAFKA__BOOTSTRAP": "kafka:9092",
        "LEADFLOW_KAFKA__PUBLISH_TIMEOUT_SECONDS": "2.5",
        "LEADFLOW_POSTGRES__URL": "postgresql://u@/db?host=/run/pg",
        "LEADFLOW_CRYPTO__MASTER_KEY": "c2VjcmV0",
        "LEADFLOW_AUTH__SIGNING_KEY_FILE": str(tmp_path / "key"),
        "LEADFLOW_MAIL__REDIRECT_TO": "all@example.com",
        "LEADFLOW_TELEMETRY__METRICS_PORT": "9100",
        "LEADFLOW_DATA_DIR": str(tmp_path),
    }
    loaded = load(given)
    again = environment_of(loaded)
    assert load(again) == loaded
    assert load(again).auth.signing_key == loaded.auth.signing_key
    assert load(environment_of(Settings())) == Settings()


def test_the_process_own_environment_is_read_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADFLOW_KAFKA__PREFIX", "mine.")
    assert load().kafka.prefix == "mine."


def test_settings_do_not_change_while_a_process_runs() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load({}).kafka.prefix = "x"


def test_a_mail_password_is_never_sent_in_the_clear() -> None:
    with pytest.raises(BadSettings, match="LEADFLOW_MAIL: .* set LEADFLOW_MAIL__TLS to starttls or implicit"):
        load({"LEADFLOW_MAIL__USERNAME": "leadflow"})


@pytest.mark.parametrize("group", ["TLS", "KAFKA", "POSTGRES", "REDIS", "OPENSEARCH", "MAIL"])
def test_a_certificate_and_its_key_belong_together(group: str) -> None:
    with pytest.raises(BadSettings, match=f"LEADFLOW_{group}: .*set both or none"):
        load({f"LEADFLOW_{group}__CERTIFICATE": "x"})


def test_a_mailbox_without_a_login_is_an_error_that_names_what_to_set() -> None:
    with pytest.raises(BadSettings, match="LEADFLOW_MAILBOX.*LEADFLOW_MAILBOX__USERNAME, LEADFLOW_MAILBOX__PASSWORD"):
        load({"LEADFLOW_MAILBOX__HOST": "imap.example.com"})


def test_a_mailbox_is_never_spoken_to_in_clear() -> None:
    with pytest.raises(BadSettings, match="LEADFLOW_MAILBOX__TLS"):
        load({"LEADFLOW_MAILBOX__TLS": "none"})


def test_a_mailboxs_password_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n")
    given = {"HOST": "imap.example.com", "USERNAME": "hello", "PASSWORD_FILE": str(tmp_path / "password")}
    mailbox = load({f"LEADFLOW_MAILBOX__{name}": value for name, value in given.items()}).mailbox
    assert mailbox.password is not None
    assert (mailbox.password.get_secret_value(), mailbox.port, mailbox.folder) == ("secret", 993, "INBOX")
