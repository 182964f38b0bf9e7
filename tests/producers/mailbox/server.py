"""A real IMAP server for tests: GreenMail, with TLS by a certificate of our own."""

import asyncio
import contextlib
import imaplib
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from infra.local.artifacts import ArtifactCache, read_lock
from infra.local.java import java_path, write_arguments
from infra.settings import Mailbox
from infra.tls.development import issue

USER, PASSWORD = "hello@quayline.example", "a mailbox's password"
START_SECONDS_MAX = 60.0
HEAP_MB = 128


@dataclass
class MailServer:
    """A running server, and what a mail program does with it."""

    port: int
    ca: str

    def mailbox(self, **changes: object) -> Mailbox:
        """Settings for it."""
        known = {
            "host": "localhost",
            "port": self.port,
            "username": USER,
            "password": PASSWORD,
            "ca": self.ca,
            "folder": "Replies",
        }
        return Mailbox.model_validate({**known, **changes})

    @contextlib.contextmanager
    def client(self) -> Iterator[imaplib.IMAP4_SSL]:
        """Logged in."""
        context = ssl.create_default_context(cadata=self.ca)
        client = imaplib.IMAP4_SSL("localhost", self.port, ssl_context=context, timeout=20)
        try:
            client.login(USER, PASSWORD)
            yield client
        finally:
            client.logout()

    def begin(self, folder: str = "Replies") -> None:
        """An empty folder of this name, whose UIDs are new; what was there before is put aside."""
        with self.client() as client:
            client.rename(folder, f"{folder}-{time.monotonic_ns()}")
            assert client.create(folder)[0] == "OK"

    def put(self, *mails: bytes, folder: str = "Replies", at: str | None = None) -> None:
        """As if they had arrived."""
        with self.client() as client:
            for mail in mails:
                assert client.append(folder, "", at or imaplib.Time2Internaldate(time.time()), mail)[0] == "OK"

    def remove(self, uid: int, folder: str = "Replies") -> None:
        """Delete a mail for good."""
        with self.client() as client:
            client.select(folder)
            client.uid("STORE", str(uid), "+FLAGS", "(\\Deleted)")
            client.expunge()

    def flags(self, folder: str = "Replies") -> Sequence[bytes]:
        """What the server has marked of each mail."""
        with self.client() as client:
            client.select(folder, readonly=True)
            _, found = client.fetch("1:*", "(FLAGS)")
            return [line for line in found if isinstance(line, bytes)]


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[MailServer]:
    """A server until the end; its log and its files are in `folder`."""
    jars = asyncio.run(ArtifactCache().fetch(read_lock("greenmail")))
    ca, keystore = _keystore(folder)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    options = [
        "-Dgreenmail.imaps.hostname=127.0.0.1",
        f"-Dgreenmail.imaps.port={port}",
        f"-Dgreenmail.users={USER.partition('@')[0]}:{PASSWORD}@{USER.partition('@')[2]}",
        "-Dgreenmail.users.login=email",
        f"-Dgreenmail.startup.timeout={START_SECONDS_MAX * 1000:.0f}",
        f"-Dgreenmail.tls.keystore.file={keystore}",
        f"-Dgreenmail.tls.keystore.password={PASSWORD}",
    ]
    arguments = write_arguments(folder, jars, options, heap_mb=HEAP_MB)
    main = "com.icegreen.greenmail.standalone.GreenMailStandaloneRunner"
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen([str(java_path()), f"@{arguments}", main], stdout=log, stderr=log)
        try:
            server = MailServer(port, ca)
            _await(server, process, folder / "server.log")
            yield server
        finally:
            process.kill()
            process.wait()


def _keystore(folder: Path) -> tuple[str, Path]:
    issued = issue()
    chain = x509.load_pem_x509_certificates(issued.certificate.encode())
    key = serialization.load_pem_private_key(issued.key.encode(), password=None)
    encryption = serialization.BestAvailableEncryption(PASSWORD.encode())
    path = folder / "server.p12"
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"server", key, chain[0], chain[1:], encryption))
    return issued.ca, path


def _await(server: MailServer, process: "subprocess.Popen[bytes]", log: Path) -> None:
    give_up = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            server.begin()
        except (OSError, imaplib.IMAP4.error):
            assert process.poll() is None, log.read_text(errors="replace")[-2_000:]
            assert time.monotonic() < give_up, log.read_text(errors="replace")[-2_000:]
            time.sleep(0.2)
        else:
            return
