"""A mail server that delivers to nobody: it keeps what it gets and shows it. `python -m infra.local.mail_catcher`."""

import argparse
import asyncio
import json
import logging
import signal
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.smtp import SMTP, Envelope, Session

from infra.local.mail_page import CONTENT_SECURITY_POLICY, list_page, mail_page
from infra.local.mail_store import MAILS_MAX, MailStore

HOST: Final = "127.0.0.1"
MAIL_BYTES_MAX: Final = 10_000_000
REQUEST_SECONDS_MAX: Final = 10
HOSTS_SERVED: Final = frozenset({"127.0.0.1", "localhost"})


class Catcher:
    """aiosmtpd's handler: every mail is kept."""

    def __init__(self, store: MailStore) -> None:
        self._store = store

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """250 means that the mail is in its file."""
        content = envelope.original_content or b""
        self._store.add(content, envelope.mail_from or "", [str(to) for to in envelope.rcpt_tos])
        return "250 2.0.0 kept"


class Page(BaseHTTPRequestHandler):
    """`/`, `/messages.json?to=&limit=`, `/messages/ID`, `/messages/ID.eml`."""

    store: MailStore
    timeout = REQUEST_SECONDS_MAX
    server_version = "mail"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer one request."""
        # Another site's name that leads to 127.0.0.1 must not read the mails.
        if urlsplit(f"//{self.headers.get('Host', '')}").hostname not in HOSTS_SERVED:
            self._answer(HTTPStatus.FORBIDDEN, "text/plain", "Ask for 127.0.0.1 or localhost.")
            return
        url = urlsplit(self.path)
        if url.path == "/":
            self._answer(HTTPStatus.OK, "text/html", list_page(self.store.newest()))
        elif url.path == "/messages.json":
            query = parse_qs(url.query)
            limit = query.get("limit", [""])[0]
            mails = self.store.newest(query.get("to", [""])[0], int(limit) if limit.isdecimal() else MAILS_MAX)
            self._answer(HTTPStatus.OK, "application/json", json.dumps([mail.as_json() for mail in mails]))
        else:
            self._answer_mail(url.path.removeprefix("/messages/"))

    def _answer_mail(self, name: str) -> None:
        mail = self.store.get(name.removesuffix(".eml"))
        if mail is None:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", "No such mail.")
        elif name.endswith(".eml"):
            self._answer(HTTPStatus.OK, "text/plain", self.store.path(mail.id).read_text("utf-8", errors="replace"))
        else:
            self._answer(HTTPStatus.OK, "text/html", mail_page(mail))

    def _answer(self, status: HTTPStatus, content_type: str, text: str) -> None:
        body = text.encode("utf-8", errors="replace")
        self.send_response(status)
        for name, value in {
            "Content-Type": f"{content_type}; charset=utf-8",
            "Content-Length": str(len(body)),
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Not a line for each request: what was looked at is nobody's business, and the page reloads itself."""


async def serve(folder: Path, smtp_port: int, page_port: int) -> None:
    """Until SIGTERM or SIGINT."""
    store = MailStore(folder)
    page = type("StorePage", (Page,), {"store": store})
    http = ThreadingHTTPServer((HOST, page_port), page)
    http.daemon_threads = True
    threading.Thread(target=http.serve_forever, name="mail-page", daemon=True).start()
    loop = asyncio.get_running_loop()
    catcher = Catcher(store)
    smtp = await loop.create_server(
        lambda: SMTP(catcher, hostname="localhost", data_size_limit=MAIL_BYTES_MAX, enable_SMTPUTF8=True),
        HOST,
        smtp_port,
    )
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    await ended.wait()
    smtp.close()
    http.shutdown()


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(description="Catch mails and show them.")
    parser.add_argument("--dir", type=Path, required=True, help="where the mails go")
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--page-port", type=int, required=True)
    options = parser.parse_args()
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd logs addresses
    asyncio.run(serve(options.dir, options.smtp_port, options.page_port))


if __name__ == "__main__":
    main()
