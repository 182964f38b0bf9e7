"""An IMAP server of our own that begins in the clear and upgrades to TLS: GreenMail has no STARTTLS.

It speaks as much IMAP as reading a folder with one mail takes, and keeps what it was sent before TLS and after.
"""

import contextlib
import socket
import socketserver
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Thread

from infra.settings import Mailbox
from infra.tls.contexts import server_context
from infra.tls.development import issue
from tests.producers.mailbox.server import PASSWORD, USER

SECONDS_MAX = 20.0
UID, UID_VALIDITY = 7, 3
OFFERED = "IMAP4rev1 STARTTLS LOGINDISABLED"


@dataclass
class Upgrading:
    """What a server does, and what it heard.

    Attributes:
        offers: capabilities before TLS.
        greeting: the first line.
        begins: the answer to STARTTLS, without its tag.
        injected: what somebody in between adds behind that answer, in the clear.
        newest: the newest TLS that it speaks.
        clear, secret: lines of the client before TLS and under it.
    """

    mail: bytes
    names: tuple[str, ...] = ("localhost",)
    offers: str = OFFERED
    greeting: str = "* OK ready"
    begins: str = "OK begin"
    injected: bytes = b""
    newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    clear: list[bytes] = field(default_factory=list)
    secret: list[bytes] = field(default_factory=list)
    port: int = 0
    ca: str = ""

    def mailbox(self, **changes: object) -> Mailbox:
        """Settings for it."""
        known = {"host": "localhost", "port": self.port, "username": USER, "password": PASSWORD, "ca": self.ca, "tls": "starttls"}
        return Mailbox.model_validate({**known, "timeout_seconds": 5, **changes})

    @contextlib.contextmanager
    def serving(self) -> Iterator["Upgrading"]:
        """Until the end, under a certificate made for it."""
        issued = issue(self.names)
        context = server_context(issued.certificate, issued.key)
        context.minimum_version, context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, self.newest
        server = self

        class Talk(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                self.request.settimeout(SECONDS_MAX)
                with contextlib.suppress(OSError):
                    server.talk(self.request, context)

        with _Server(("127.0.0.1", 0), Talk) as listening:
            self.port, self.ca = listening.server_address[1], issued.ca
            thread = Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            try:
                yield self
            finally:
                listening.shutdown()
                thread.join()

    def talk(self, connection: socket.socket, context: ssl.SSLContext) -> None:
        """One client, to its end."""
        connection.sendall(f"{self.greeting}\r\n".encode())
        lines = connection.makefile("rb")
        for line in lines:
            self.clear.append(line)
            tag, _, command = line.decode("latin-1").strip().partition(" ")
            if command.upper() == "STARTTLS":
                connection.sendall(f"{tag} {self.begins}\r\n".encode() + self.injected)
                if self.begins.startswith("OK"):
                    break
                continue
            connection.sendall(self._answer(tag, command, self.offers))
        else:
            return
        with context.wrap_socket(connection, server_side=True) as secret:
            for line in secret.makefile("rb"):
                self.secret.append(line)
                tag, _, command = line.decode("latin-1").strip().partition(" ")
                secret.sendall(self._answer(tag, command, "IMAP4rev1 AUTH=PLAIN"))

    def _answer(self, tag: str, command: str, capabilities: str) -> bytes:
        told = {
            "CAPABILITY": f"* CAPABILITY {capabilities}\r\n".encode(),
            "EXAMINE": f"* OK [UIDVALIDITY {UID_VALIDITY}]\r\n* OK [UIDNEXT {UID + 1}]\r\n* 1 EXISTS\r\n".encode(),
            "UID SEARCH": f"* SEARCH {UID}\r\n".encode(),
            "UID FETCH": b'* 1 FETCH (UID %d INTERNALDATE "01-Mar-2026 10:00:00 +0000" BODY[]<0> {%d}\r\n%s)\r\n'
            % (UID, len(self.mail), self.mail),
            "LOGOUT": b"* BYE\r\n",
        }
        known = next((answer for name, answer in told.items() if command.upper().startswith(name)), b"")
        return known + f"{tag} OK done\r\n".encode()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
