"""Real servers as child processes, needing neither Docker nor root: Kafka, PostgreSQL, Valkey, OpenSearch, S3, mail.

servers = LocalServers(Path(".leadflow/servers"), report=print)
addresses = await servers.start()
...
await servers.stop()
"""

from infra.local.addresses import ALL_SERVERS, KAFKA, MAIL, OPENSEARCH, POSTGRES, REDIS, S3, Addresses
from infra.local.data_folder import DataFolder, Running
from infra.local.errors import (
    CorruptArtifact,
    CorruptDataFolder,
    DataFolderInUse,
    GuardEnded,
    LocalServersError,
    NoNetworkForArtifacts,
    NoUnprivilegedUser,
    PortInUse,
    ServerDidNotStart,
    ServersProcessFailed,
)
from infra.local.in_subprocess import start_in_subprocess
from infra.local.servers import GivenServers, LocalServers, Servers

__all__ = [
    "ALL_SERVERS",
    "KAFKA",
    "MAIL",
    "OPENSEARCH",
    "POSTGRES",
    "REDIS",
    "S3",
    "Addresses",
    "CorruptArtifact",
    "CorruptDataFolder",
    "DataFolder",
    "DataFolderInUse",
    "GivenServers",
    "GuardEnded",
    "LocalServers",
    "LocalServersError",
    "NoNetworkForArtifacts",
    "NoUnprivilegedUser",
    "PortInUse",
    "Running",
    "ServerDidNotStart",
    "Servers",
    "ServersProcessFailed",
    "start_in_subprocess",
]
