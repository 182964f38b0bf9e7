"""S3Proxy: the S3 protocol over a folder of files."""

import os
import secrets
import urllib.error
import urllib.request
from asyncio import to_thread
from pathlib import Path
from typing import Final

from infra.local.addresses import S3, Addresses
from infra.local.artifacts import read_lock
from infra.local.java import java_path, write_arguments
from infra.local.ports import HOST
from infra.local.processes import Command
from infra.local.server import LocalServer

HEAP_MB: Final = 256
ACCESS_KEY: Final = "leadflow"
PROBE_SECONDS: Final = 3.0
ERROR_BYTES_MAX: Final = 64 * 1024


def render_properties(data_dir: Path, port: int, secret_key: str) -> str:
    """The server's configuration file."""
    properties = {
        "s3proxy.endpoint": f"http://{HOST}:{port}",
        "s3proxy.authorization": "aws-v2-or-v4",
        "s3proxy.identity": ACCESS_KEY,
        "s3proxy.credential": secret_key,
        # Browsers put files here by presigned addresses, from the gateway's pages.
        "s3proxy.cors-allow-all": "true",
        "jclouds.provider": "filesystem-nio2",
        "jclouds.filesystem.basedir": str(data_dir).replace("\\", "\\\\"),
    }
    return "".join(f"{name}={value}\n" for name, value in properties.items())


class S3Proxy(LocalServer):
    """The files."""

    name = S3
    port_names = (S3,)
    stop_seconds_max = 5.0

    async def prepare(self) -> None:
        """Fetch; make the secret once; write the configuration, which nobody else may read."""
        jars = await self.context.cache.fetch(read_lock("s3"))
        data = self.dir / "data"
        data.mkdir(parents=True, exist_ok=True)
        write_arguments(self.dir, jars, [], heap_mb=HEAP_MB)
        text = render_properties(data, self.context.ports[S3], self._secret_key())
        _write_private(self.dir / "s3proxy.conf", text)

    def command(self) -> Command:
        """See LocalServer."""
        argv = [str(java_path()), f"@{self.dir / 'java.args'}", "org.gaul.s3proxy.Main"]
        argv += ["--properties", str(self.dir / "s3proxy.conf")]
        return Command(argv, self.dir, self.log_path, self.stop_signal)

    async def is_ready(self) -> bool:
        """A list of buckets asked for without a signature is refused in S3's own words."""
        return b"AccessDenied" in await to_thread(_refusal, self.address().s3_endpoint)

    def address(self) -> Addresses:
        """See LocalServer."""
        return Addresses(
            s3_endpoint=f"http://{HOST}:{self.context.ports[S3]}", s3_access_key=ACCESS_KEY, s3_secret_key=self._secret_key()
        )

    def _secret_key(self) -> str:
        path = self.dir / "secret-key"
        if not path.exists():
            _write_private(path, secrets.token_urlsafe(30))
        return path.read_text(encoding="utf-8").strip()


def _refusal(endpoint: str) -> bytes:
    try:
        with urllib.request.urlopen(f"{endpoint}/", timeout=PROBE_SECONDS):  # noqa: S310 - our own address
            return b""
    except urllib.error.HTTPError as refused:
        return refused.read(ERROR_BYTES_MAX)


def _write_private(path: Path, text: str) -> None:
    """Whole or not at all."""
    new = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    new.replace(path)
