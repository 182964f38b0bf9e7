"""Redis pub/sub -> one listener a process -> a bounded queue for each client.

A client that doesn't keep up loses its oldest changes and is told to `resync`, so neither it nor a burst can fill memory.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Collection
from typing import Any, Final, NamedTuple

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from infra.auth.roles import User
from schemas.events import LeadErased

CHANNEL: Final = "live"
ERASED: Final = LeadErased.TYPE
CLIENTS_MAX: Final = 1_000
CLIENTS_OF_ONE_MAX: Final = 20
"""Of one user or API key: more tabs than anybody looks at."""
QUEUE_MAX: Final = 256
LISTEN_RETRY_SECONDS: Final = 1.0


class Change(NamedTuple):
    """One message as it goes out. `cursor` is `partition-offset`, `data` the JSON as it came."""

    cursor: str
    data: bytes


class TooManyClients(Exception):
    """More live clients than we let listen."""


class TooManyOfOne(Exception):
    """More live clients than we let one user have."""


class Client:
    """One listener's queue."""

    def __init__(self, user: User) -> None:
        self.user = user
        self._queue: deque[Change] = deque(maxlen=QUEUE_MAX)
        self._ready = asyncio.Event()
        self.closed = False
        self.lost = False
        """Changes were dropped since it was last read; the reader clears it by telling the client."""

    def offer(self, change: Change, message: dict[str, Any]) -> None:
        """Queue a change, if it says of itself that it is this user's business; one that doesn't say is for who sees all."""
        if not (self.user.may_see(message["owner"]) if "owner" in message else self.user.sees_all):
            return
        if len(self._queue) == QUEUE_MAX:
            self.lost = True
        self._queue.append(change)
        self._ready.set()

    def must_resync(self) -> None:
        """Changes may have been missed."""
        self.lost = True
        self._ready.set()

    def close(self) -> None:
        """No more changes."""
        self.closed = True
        self._ready.set()

    async def changes(self, seconds: float) -> list[Change]:
        """Everything queued, after waiting up to `seconds` for something. May be empty."""
        if not self._queue and not self.lost and not self.closed:
            try:
                async with asyncio.timeout(seconds):
                    await self._ready.wait()
            except TimeoutError:
                return []
        self._ready.clear()
        found = list(self._queue)
        self._queue.clear()
        return found


class Live:
    """`async with` runs the listener; clients join and leave."""

    def __init__(self, redis: Redis, prefix: str, erased: Callable[[str], None] = lambda _lead: None) -> None:
        """`erased` is told of leads that are no more."""
        self._redis = redis
        self._erased = erased
        self._channel = prefix + CHANNEL
        self._clients: set[Client] = set()
        self._by_user: Counter[str] = Counter()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def __aenter__(self) -> "Live":
        self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def __len__(self) -> int:
        return len(self._clients)

    def join(self, user: User) -> Client:
        """Raises TooManyClients, TooManyOfOne."""
        if len(self._clients) >= CLIENTS_MAX:
            raise TooManyClients
        if self._by_user[user.id] >= CLIENTS_OF_ONE_MAX:
            raise TooManyOfOne
        client = Client(user)
        if self._closed:
            client.close()
        self._clients.add(client)
        self._by_user[user.id] += 1
        return client

    def leave(self, client: Client) -> None:
        """No more for this one."""
        if client not in self._clients:
            return
        self._clients.remove(client)
        self._by_user[client.user.id] -= 1
        if not self._by_user[client.user.id]:
            del self._by_user[client.user.id]

    def end(self, sessions: Collection[str]) -> None:
        """These sessions are over, and so are the streams that they opened."""
        for client in self._clients:
            if client.user.session in sessions:
                client.close()

    def close(self) -> None:
        """End every client's stream, also of who joins later: call it before a server is stopped, which waits for them."""
        self._closed = True
        for client in self._clients:
            client.close()

    def publish(self, raw: bytes) -> None:
        """Hand one message to every client; what isn't a change is left out."""
        try:
            message = orjson.loads(raw)
            change = Change(f"{int(message['partition'])}-{int(message['offset'])}", raw)
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return
        if ERASED in message.get("types", ()):
            self._erased(str(message.get("lead")))
        for client in self._clients:
            client.offer(change, message)

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(self._channel)
                    async for message in pubsub.listen():
                        if message["type"] == "subscribe":
                            # Also after the client library mended a broken connection by itself.
                            self._resync()
                        elif message["type"] == "message":
                            data = message["data"]
                            self.publish(data if isinstance(data, bytes) else str(data).encode())
            except (RedisError, OSError):
                await asyncio.sleep(LISTEN_RETRY_SECONDS)
            self._resync()

    def _resync(self) -> None:
        for client in self._clients:
            client.must_resync()
