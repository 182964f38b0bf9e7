"""Kafka: one KRaft node that is broker and controller."""

import asyncio
import base64
import logging
import re
import shutil
import uuid
from pathlib import Path
from typing import Final

from infra.local.addresses import KAFKA, Addresses
from infra.local.artifacts import read_lock
from infra.local.errors import CorruptDataFolder, ServerDidNotStart
from infra.local.java import java_path, write_arguments
from infra.local.ports import HOST
from infra.local.processes import Command
from infra.local.server import PREPARE_SECONDS_MAX, LocalServer, is_empty, put_in_place

CONTROLLER_PORT: Final = "kafka.controller"

LOG4J: Final = """\
rootLogger.level=INFO
rootLogger.appenderRef.out.ref=out
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{ISO8601} %p %c{1}: %m%n
# 1500 lines of settings at each start otherwise.
logger.settings.name=org.apache.kafka.common.config
logger.settings.level=WARN
logger.server.name=kafka.server.KafkaConfig
logger.server.level=WARN
"""


def render_properties(data_dir: Path, port: int, controller_port: int) -> str:
    """The node's configuration file."""
    properties: dict[str, str | int] = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "log.dirs": str(data_dir).replace("\\", "\\\\"),
        # Topics are made by the migrations, never by a typing error.
        "auto.create.topics.enable": "false",
        "message.max.bytes": 5 * 1024 * 1024,
        "replica.fetch.max.bytes": 5 * 1024 * 1024,
        # One node is all there is.
        "default.replication.factor": 1,
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        # Fewer partitions of the inner topics: made in a moment, and enough for one node.
        "offsets.topic.num.partitions": 8,
        "transaction.state.log.num.partitions": 8,
        "share.coordinator.state.topic.num.partitions": 2,
        # A group starts at once, and a killed member is noticed soon.
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 2000,
        # After a kill, the node is refused until its former self has timed out (9 s, as Kafka has it).
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
        # A laptop that was closed for some weeks still knows where its groups stood.
        "offsets.retention.minutes": 365 * 24 * 60,
        # Small machine: threads and buffers to match.
        "num.network.threads": 2,
        "num.io.threads": 4,
        "background.threads": 4,
        "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
    }
    return "".join(f"{name}={value}\n" for name, value in properties.items())


def new_cluster_id() -> str:
    """22 characters of URL-safe base64; Kafka reads a leading "-" as an option."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text


class Kafka(LocalServer):
    """The broker."""

    name = KAFKA
    port_names = (KAFKA, CONTROLLER_PORT)
    corruption = re.compile(
        r"InconsistentClusterIdException|InconsistentBrokerMetadata|No readable meta\.properties"
        r"|meta\.properties|CorruptRecordException|KafkaStorageException|Error loading metadata log record"
    )

    async def prepare(self) -> None:
        """Fetch, then format the log folder once."""
        jars = await self.context.cache.fetch(read_lock("kafka"))
        self.dir.mkdir(parents=True, exist_ok=True)
        log4j = self.dir / "log4j2.properties"
        log4j.write_text(LOG4J, encoding="utf-8")
        write_arguments(self.dir, jars, [f"-Dlog4j2.configurationFile={log4j}", "-Dkafka.logs.dir=" + str(self.log_path.parent)])
        data = self.dir / "data"
        self._properties_file(self.dir / "kafka.properties", data)
        if (data / "meta.properties").exists():
            return
        if not is_empty(data):
            raise CorruptDataFolder(self.name, self.dir, "meta.properties is missing.")
        await self._format(data)

    async def _format(self, data: Path) -> None:
        """Into another folder first: one that has the right name is formatted to the end."""
        new = self.dir / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        properties = self._properties_file(self.dir / "format.properties", new)
        arguments = ["format", "--cluster-id", new_cluster_id(), "--config", str(properties)]
        command = self._java("kafka.tools.StorageTool", *arguments)
        code = await self.context.processes.run(f"{self.name}.format", command, PREPARE_SECONDS_MAX)
        properties.unlink()
        if code:
            raise ServerDidNotStart(
                self.name, f"its folder could not be formatted (code {code})", self.log_path, self.last_lines()
            )
        put_in_place(new, data)

    def command(self) -> Command:
        """See LocalServer."""
        return self._java("kafka.Kafka", str(self.dir / "kafka.properties"))

    async def is_ready(self) -> bool:
        """A metadata request that names a broker; aiokafka alone would log each vain attempt as an error."""
        from aiokafka.admin import AIOKafkaAdminClient  # noqa: PLC0415  # big, and not for every user of this package
        from aiokafka.errors import KafkaError  # noqa: PLC0415

        bootstrap = self.address().kafka_bootstrap
        host, _, port = bootstrap.rpartition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.close()
        client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=4000)
        logger = logging.getLogger("aiokafka")
        level = logger.level
        logger.setLevel(logging.CRITICAL)
        try:
            await client.start()
            return bool((await client.describe_cluster())["brokers"])
        except KafkaError:
            return False
        finally:
            await client.close()
            logger.setLevel(level)

    def address(self) -> Addresses:
        """See LocalServer."""
        return Addresses(kafka_bootstrap=f"{HOST}:{self.context.ports[KAFKA]}")

    def _properties_file(self, path: Path, data: Path) -> Path:
        ports = self.context.ports
        path.write_text(render_properties(data, ports[KAFKA], ports[CONTROLLER_PORT]), encoding="utf-8")
        return path

    def _java(self, main_class: str, *arguments: str) -> Command:
        argv = [str(java_path()), f"@{self.dir / 'java.args'}", main_class, *arguments]
        return Command(argv, self.dir, self.log_path, self.stop_signal)
