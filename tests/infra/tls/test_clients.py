"""Every client of ours over TLS 1.3 to the real server: who is not who the certificate says, or speaks less, is not spoken to."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from aiosmtpd.smtp import AuthResult
from aiosmtplib import SMTPException
from confluent_kafka import KafkaException
from confluent_kafka import Producer as Client
from opensearchpy.exceptions import ConnectionError as NotConnected
from redis.exceptions import ConnectionError as RedisAway

from infra import settings as groups
from infra.kafka.connecting import arguments, librdkafka, open_broker
from infra.local import KAFKA, LocalServers
from infra.local import servers as local_servers
from infra.local.kafka import Kafka
from infra.mail.connections import make_client
from infra.opensearch.client import open_client as open_opensearch
from infra.postgres import database as databases
from infra.postgres import migrate
from infra.postgres.pool import open_pool
from infra.redis.client import open_client, publish_many
from infra.settings import BadSettings, Settings
from infra.tls.contexts import server_context
from infra.tls.development import issue
from tests.infra.mail.catching import Catcher, _Server
from tests.infra.tls.proxies import Connect, in_front

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

ISSUED, STRANGER = issue(), issue()
WRONG_NAME = issue(["elsewhere.example"])


def modern() -> ssl.SSLContext:
    return server_context(ISSUED.certificate, ISSUED.key)


def old() -> ssl.SSLContext:
    context = modern()
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
    return context


def misnamed() -> ssl.SSLContext:
    return server_context(WRONG_NAME.certificate, WRONG_NAME.key)


REFUSED = [(modern, STRANGER.ca), (old, ISSUED.ca), (misnamed, WRONG_NAME.ca)]
REASONS = ["of somebody else", "of TLS 1.2", "with another name"]


def postgres_at(database: str) -> Connect:
    folder = parse_qs(urlsplit(database).query)["host"][0]
    return lambda: asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")


def postgres(database: str, port: int, ca: str) -> groups.Postgres:
    parts = urlsplit(database)
    return groups.Postgres(url=f"postgresql://{parts.username}@127.0.0.1:{port}{parts.path}", tls=True, ca=ca)


async def test_postgresql_pools_databases_and_migrations_go_over_it(database: str) -> None:
    async with in_front(postgres_at(database), modern(), asks_first=True) as port:
        address = postgres(database, port, ISSUED.ca)
        async with await open_pool(address, name="test") as pool, pool.acquire() as connection:
            assert await connection.fetchval("select 1") == 1
            tls = connection.get_settings() is not None and connection._transport.get_extra_info("ssl_object")
            assert tls.version() == "TLSv1.3"
        assert not await databases.ensure(address)
        assert await migrate.upgrade(address) == []


@pytest.mark.parametrize(("context", "ca"), REFUSED, ids=REASONS)
async def test_a_postgresql_is_refused(database: str, context: Any, ca: str) -> None:
    async with in_front(postgres_at(database), context(), asks_first=True) as port:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await open_pool(postgres(database, port, ca), name="test")


async def test_a_postgresql_without_tls_is_refused_where_it_is_asked_for(database: str) -> None:
    async def say_no(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(8)
        writer.write(b"N")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(say_no, "127.0.0.1", 0)
    async with server:
        with pytest.raises(ConnectionError, match="SSL"):
            await open_pool(postgres(database, server.sockets[0].getsockname()[1], ISSUED.ca), name="test")


def valkey_at(settings: Settings) -> Connect:
    parts = urlsplit(settings.redis.url)
    return lambda: asyncio.open_connection(parts.hostname, parts.port)


async def test_redis_and_what_it_publishes_go_over_it(settings: Settings) -> None:
    async with in_front(valkey_at(settings), modern()) as port:
        client = open_client(groups.Redis(url=f"rediss://127.0.0.1:{port}/0", ca=ISSUED.ca), name="test")
        async with client.pubsub() as heard:
            await heard.subscribe(f"{settings.redis.prefix}tls")
            assert await publish_many(client, f"{settings.redis.prefix}tls", [b"x"])
            while (message := await heard.get_message(ignore_subscribe_messages=True, timeout=5)) is None:
                pass
        assert message["data"] == b"x"
        await client.aclose()


@pytest.mark.parametrize(("context", "ca"), REFUSED, ids=REASONS)
async def test_a_redis_is_refused(settings: Settings, context: Any, ca: str) -> None:
    async with in_front(valkey_at(settings), context()) as port:
        client = open_client(groups.Redis(url=f"rediss://127.0.0.1:{port}/0", ca=ca), name="test")
        with pytest.raises(RedisAway):
            await client.ping()
        await client.aclose()


def opensearch_at(settings: Settings) -> Connect:
    parts = urlsplit(settings.opensearch.url)
    return lambda: asyncio.open_connection(parts.hostname, parts.port)


async def test_opensearch_is_asked_over_it(settings: Settings) -> None:
    async with in_front(opensearch_at(settings), modern()) as port:
        client = open_opensearch(groups.OpenSearch(url=f"https://127.0.0.1:{port}", ca=ISSUED.ca))
        assert (await client.info())["version"]
        await client.close()


@pytest.mark.parametrize(("context", "ca"), REFUSED, ids=REASONS)
async def test_an_opensearch_is_refused(settings: Settings, context: Any, ca: str) -> None:
    async with in_front(opensearch_at(settings), context()) as port:
        client = open_opensearch(groups.OpenSearch(url=f"https://127.0.0.1:{port}", ca=ca))
        with pytest.raises(NotConnected):
            await client.info()
        await client.close()


async def test_opensearch_is_told_who_we_are() -> None:
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        given = groups.OpenSearch.model_validate({"url": f"http://127.0.0.1:{port}", "username": "leadflow", "password": "pw"})
        client = open_opensearch(given)
        await client.info()
        await client.close()
    assert b"authorization: basic bgvhzgzsb3c6chc=" in heads[0].lower()


class Mailbox(_Server):
    """Takes mail of `leadflow` alone, over TLS alone."""

    def __init__(self, catcher: Catcher, context: ssl.SSLContext | None) -> None:
        super().__init__(catcher)
        self.tls_context, self.require_starttls = context, context is not None
        self._auth_required = True
        self._auth_require_tls = context is not None  # else the whole socket is, which it does not see
        self._authenticator = lambda _server, _session, _envelope, _how, who: AuthResult(
            success=who.login == b"leadflow" and who.password == b"secret"
        )


@pytest_asyncio.fixture(params=["starttls", "implicit"])
async def mailbox(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Catcher, groups.Mail]]:
    catcher, implicit = Catcher(), request.param == "implicit"
    loop = asyncio.get_running_loop()
    make = lambda: Mailbox(catcher, None if implicit else modern())  # noqa: E731
    server = await loop.create_server(make, "127.0.0.1", 0, ssl=modern() if implicit else None)
    port = server.sockets[0].getsockname()[1]
    given = {"host": "127.0.0.1", "port": port, "tls": request.param, "ca": ISSUED.ca, "timeout_seconds": 5.0}
    yield catcher, groups.Mail.model_validate({**given, "username": "leadflow", "password": "secret"})
    catcher.hang_up()
    server.close()


async def test_mail_is_sent_over_it_by_who_has_logged_in(mailbox: tuple[Catcher, groups.Mail]) -> None:
    catcher, mail = mailbox
    async with make_client(mail) as client:
        assert client.get_transport_info("ssl_object").version() == "TLSv1.3"
        await client.sendmail("a@example.com", ["b@example.com"], b"Subject: x\r\n\r\nx\r\n")
    assert len(catcher.envelopes) == 1


async def test_a_mail_server_of_somebody_else_gets_neither_mail_nor_password(mailbox: tuple[Catcher, groups.Mail]) -> None:
    with pytest.raises((SMTPException, ssl.SSLError)):
        await make_client(mailbox[1].model_copy(update={"ca": STRANGER.ca})).connect()


async def test_a_mail_server_that_offers_no_starttls_gets_no_mail() -> None:
    catcher = Catcher()
    server = await asyncio.get_running_loop().create_server(lambda: _Server(catcher), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(SMTPException, match="STARTTLS"):
        await make_client(groups.Mail(host="127.0.0.1", port=port, tls="starttls", ca=ISSUED.ca)).connect()
    server.close()


class SecureKafka(Kafka):
    """The real broker, that speaks TLS 1.3 with whoever shows a certificate of our authority."""

    def settings(self) -> groups.Kafka:
        tls = {"tls": True, "ca": ISSUED.ca, "certificate": ISSUED.certificate, "key": ISSUED.key}
        return groups.Kafka.model_validate(
            {"bootstrap": self.address().kafka_bootstrap, "prefix": "tls.", "partitions": 1, **tls}
        )

    async def is_ready(self) -> bool:
        from aiokafka.errors import KafkaError

        from infra.kafka import admin

        try:
            return await admin.topic_ids(self.settings(), []) == {}
        except KafkaError:
            return False

    def _properties_file(self, path: Path, data: Path) -> Path:
        super()._properties_file(path, data)
        (self.dir / "both.pem").write_text(ISSUED.key + ISSUED.certificate)
        (self.dir / "ca.pem").write_text(ISSUED.ca)
        text = path.read_text().replace("PLAINTEXT:PLAINTEXT,", "PLAINTEXT:SSL,")
        ours = {
            "inter.broker.listener.name": "PLAINTEXT",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": self.dir / "both.pem",
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.dir / "ca.pem",
            "ssl.enabled.protocols": "TLSv1.3",
            "ssl.client.auth": "required",
        }
        path.write_text(text + "".join(f"{name}={value}\n" for name, value in ours.items()))
        return path


async def test_kafka_is_written_and_read_over_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from infra.kafka import admin
    from infra.kafka.ports import Destination, LogUnavailable, Outgoing, Range
    from infra.kafka.producer import Producer
    from infra.kafka.reading import reader
    from schemas.topics import ROUTING

    monkeypatch.setitem(local_servers.SERVERS, KAFKA, SecureKafka)
    servers = LocalServers(tmp_path, {KAFKA})
    await servers.start()
    try:
        given = servers._servers[KAFKA].settings()  # type: ignore[attr-defined]
        await admin.apply(given)
        producer = Producer(given)
        await producer.publish(ROUTING, 0, Outgoing(b"k", (), b"secret"))
        await producer.append([(Destination(ROUTING.name, 0), [Outgoing(b"k", (), b"secret too")])])
        await producer.stop()
        async with reader(given, ROUTING) as log:
            found = [record.value async for records in log.read({0: Range(0, 2)}) for record in records]
        assert found == [b"secret", b"secret too"]
        broker = open_broker(given)
        await broker.start()
        assert await broker.ping(5)
        await broker.stop()
        for wrong in ({"certificate": None, "key": None}, {"ca": STRANGER.ca}, {"tls": False}):
            refused = Producer(given.model_copy(update={**wrong, "publish_timeout_seconds": 3.0}))
            with pytest.raises(LogUnavailable):
                await refused.publish(ROUTING, 0, Outgoing(b"k", (), b"secret"))
            with pytest.raises(LogUnavailable):
                await refused.append([(Destination(ROUTING.name, 0), [Outgoing(b"k", (), b"secret")])])
            await refused.stop()
    finally:
        await servers.stop()


async def cluster_over(settings: Settings, context: ssl.SSLContext, ca: str) -> str | None:
    """Which cluster librdkafka finds: the real Kafka behind a port that speaks TLS."""
    host, port = settings.kafka.bootstrap.split(":")
    async with in_front(lambda: asyncio.open_connection(host, int(port)), context) as secure:
        client = Client(librdkafka(groups.Kafka(bootstrap=f"127.0.0.1:{secure}", tls=True, ca=ca)) | {"log_level": 0})
        try:
            return await asyncio.to_thread(client.cluster_id, timeout=2)
        except KafkaException:
            return None


async def test_librdkafka_speaks_it_and_refuses_whoever_speaks_less_or_is_not_who_they_should_be(topics: Settings) -> None:
    assert await cluster_over(topics, modern(), ISSUED.ca)
    assert [await cluster_over(topics, context(), ca) for context, ca in REFUSED] == [None] * len(REFUSED)


@pytest.mark.parametrize(
    ("tls", "mechanism", "protocol"),
    [(True, "SCRAM-SHA-256", "SASL_SSL"), (False, "SCRAM-SHA-512", "SASL_PLAINTEXT"), (True, "PLAIN", "SASL_SSL")],
)
async def test_kafka_is_told_who_we_are(tls: bool, mechanism: str, protocol: str) -> None:
    text = {"tls": tls, "ca": ISSUED.ca, "username": "leadflow", "password": "secret", "sasl_mechanism": mechanism}
    given = groups.Kafka.model_validate(text)
    found = arguments(given)
    assert (found["security_protocol"], found["sasl_mechanism"]) == (protocol, mechanism)
    assert (found["sasl_plain_username"], found["sasl_plain_password"]) == ("leadflow", "secret")
    assert ("ssl_context" in found) is tls
    other = librdkafka(given)
    assert (other["security.protocol"], other["sasl.mechanism"]) == (protocol, mechanism)
    assert (other["sasl.username"], other["sasl.password"]) == ("leadflow", "secret")
    assert Client(other | {"log_level": 0}) is not None, "it takes them"
    assert open_broker(given).specification.security.get_schema()


@pytest.mark.parametrize("group", ["KAFKA", "POSTGRES", "REDIS", "OPENSEARCH", "MAIL"])
async def test_an_unusable_authority_is_told_by_its_variable(group: str) -> None:
    made: dict[str, Any] = {
        "KAFKA": lambda: arguments(groups.Kafka(tls=True, ca="x")),
        "POSTGRES": lambda: open_pool(groups.Postgres(tls=True, ca="x"), name="x"),
        "REDIS": lambda: open_client(groups.Redis(url="rediss://x", ca="x"), name="x"),
        "OPENSEARCH": lambda: open_opensearch(groups.OpenSearch(url="https://x", ca="x")),
        "MAIL": lambda: make_client(groups.Mail(tls="starttls", ca="x")),
    }
    with pytest.raises(BadSettings, match=f"LEADFLOW_{group}__CA, "):
        found = made[group]()
        await found
