import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509

from infra.tls.contexts import BadCertificate, client_context, server_context
from infra.tls.development import NAMES, issue, write

ISSUED = issue()


def test_nothing_older_than_tls_1_3_is_spoken_by_either_side() -> None:
    assert server_context(ISSUED.certificate, ISSUED.key).minimum_version is ssl.TLSVersion.TLSv1_3
    assert client_context(ISSUED.ca).minimum_version is ssl.TLSVersion.TLSv1_3


def test_the_servers_name_is_always_checked() -> None:
    context = client_context(ISSUED.ca, ISSUED.certificate, ISSUED.key)
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)


def test_equal_texts_share_a_context_since_making_one_costs_time() -> None:
    assert client_context(ISSUED.ca) is client_context(ISSUED.ca)


@pytest.mark.parametrize(("certificate", "key"), [("", ""), ("nonsense", ISSUED.key), (ISSUED.certificate, issue().key)])
def test_a_certificate_that_cannot_be_used_is_told_in_one_sentence(certificate: str, key: str) -> None:
    with pytest.raises(BadCertificate, match="the certificate and its key can't be used: ") as told:
        server_context(certificate, key)
    assert "PRIVATE" not in str(told.value)


@pytest.mark.parametrize("ca", ["nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_an_authority_that_cannot_be_used_is_told(ca: str) -> None:
    with pytest.raises(BadCertificate, match="the authority's certificate can't be used: "):
        client_context(ca)


def test_a_development_certificate_is_for_this_machine_and_its_files_are_their_owners_alone(tmp_path: Path) -> None:
    written = write(tmp_path / "tls", ISSUED)
    found = x509.load_pem_x509_certificate(written.certificate.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == list(NAMES)
    for path in (written.ca, written.certificate, written.key):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        write(tmp_path / "tls", issue())
    assert written.key.read_text() == ISSUED.key, "a certificate in use is never replaced silently"
