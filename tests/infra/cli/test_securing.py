import base64
import stat
from pathlib import Path

import pytest

from infra.settings import BadSettings, Settings, environment_of, load
from infra.tls.contexts import client_context, server_context
from infra.wiring.gateway import serve
from tests.infra.cli.invoking import done, failed, leadflow

pytestmark = pytest.mark.asyncio


async def test_a_development_certificate_is_made_once_and_what_is_printed_loads_it(tmp_path: Path) -> None:
    said = done(await leadflow({}, "certificate", "--data", str(tmp_path)))
    found = load(dict(line.split("=", 1) for line in said.split())).tls
    assert found.certificate is not None
    assert found.key is not None
    assert server_context(found.certificate, found.key.get_secret_value())
    assert client_context(found.ca)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "tls").iterdir()} == {0o600}
    assert "is there already" in failed(await leadflow({}, "certificate", "--data", str(tmp_path)), 1)


async def test_a_name_that_no_certificate_can_hold_is_refused(tmp_path: Path) -> None:
    assert "no certificate for bücher" in failed(
        await leadflow({}, "certificate", "--data", str(tmp_path), "--name", "bücher"), 2
    )


async def test_a_certificate_without_its_key_is_refused_by_name(tmp_path: Path) -> None:
    assert "LEADFLOW_TLS: " in failed(await leadflow({"LEADFLOW_TLS__CERTIFICATE": "x"}, "gateway"), 2)


async def test_a_gateway_with_an_unusable_certificate_says_which_variables_are_wrong() -> None:
    with pytest.raises(BadSettings, match="LEADFLOW_TLS__CERTIFICATE, LEADFLOW_TLS__KEY: "):
        await serve(load({"LEADFLOW_TLS__CERTIFICATE": "x", "LEADFLOW_TLS__KEY": "y"}))


@pytest.mark.integration
async def test_a_master_key_is_rotated_and_the_old_one_is_of_no_use_any_more(settings: Settings) -> None:
    old, new = environment_of(settings)["LEADFLOW_CRYPTO__MASTER_KEY"], base64.b64encode(bytes(32)).decode()
    variables = {name: value for name, value in environment_of(settings).items() if "MASTER_KEY" not in name}
    before = {**variables, "LEADFLOW_CRYPTO__MASTER_KEY": old}
    both = {**variables, "LEADFLOW_CRYPTO__MASTER_KEY": new, "LEADFLOW_CRYPTO__PREVIOUS_MASTER_KEY": old}
    after = {**variables, "LEADFLOW_CRYPTO__MASTER_KEY": new}
    assert "set LEADFLOW_CRYPTO__PREVIOUS_MASTER_KEY" in failed(await leadflow(before, "keys", "rotate"), 2)
    assert "is not stored yet" in failed(await leadflow(both, "keys", "rotate"), 1)
    done(await leadflow(before, "dlq", "list"))
    assert "9 keys were wrapped anew" in done(await leadflow(both, "keys", "rotate"))
    assert "0 keys were wrapped anew" in done(await leadflow(both, "keys", "rotate"))
    done(await leadflow(after, "dlq", "list"))
    assert "check LEADFLOW_CRYPTO__MASTER_KEY" in failed(await leadflow(before, "dlq", "list"), 1)
