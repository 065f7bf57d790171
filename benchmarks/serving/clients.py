"""Clients that cost little beside the server that they ask: kept connections, and no more of HTTP than it takes."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson

GROUPS = 200
"""Different requests of several queries."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the status, the body, and the seconds from when the request was due."""

    status: int
    body: bytes
    seconds: float


class Connection:
    """A connection that is kept."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def ask(self, body: bytes, due: float) -> Reply:
        """Send a search that was due at some time (`time.perf_counter`), and read its answer."""
        if not hasattr(self, "_reader") or self._reader.at_eof():  # servers close what idles for some seconds
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        head = f"POST /v1/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
        head += "Content-Type: application/json\r\n\r\n"
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        content = await self._reader.readexactly(length)
        return Reply(int(answer.split(b" ", 2)[1]), content, time.perf_counter() - due)


def bodies(queries: Sequence[str], group: int, top_k: int) -> list[bytes]:
    """Requests of so many queries each; one query is asked as one."""
    if group == 1:
        return [orjson.dumps({"query": query, "top_k": top_k}) for query in queries]
    drawn = random.Random(1)
    return [orjson.dumps({"queries": drawn.sample(queries, group), "top_k": top_k}) for _ in range(GROUPS)]


async def closed_loop(port: int, asked: Sequence[bytes], clients: int, seconds: float) -> float:
    """Requests a second when every client asks again as soon as it is answered."""
    answered, end = 0, time.perf_counter() + seconds

    async def client(number: int) -> None:
        nonlocal answered
        connection, place = Connection(port), number
        while (now := time.perf_counter()) < end:
            reply = await connection.ask(asked[place % len(asked)], now)
            assert reply.status == 200, "a closed loop never asks too much"
            answered, place = answered + 1, place + clients

    started = time.perf_counter()
    await asyncio.gather(*map(client, range(clients)))
    return answered / (time.perf_counter() - started)


async def open_loop(port: int, asked: Sequence[bytes], rate: float, going: Callable[[], bool]) -> list[Reply]:
    """The replies to requests that come at random times, `rate` a second, whether the ones before are answered or not.

    They come as long as `going` says so. A connection that breaks counts as a reply of status 0.
    """
    idle: list[Connection] = []
    replies: list[Reply] = []
    drawn = random.Random(2)

    async def ask(body: bytes, due: float) -> None:
        connection = idle.pop() if idle else Connection(port)
        try:
            replies.append(await connection.ask(body, due))
        except (OSError, EOFError):
            replies.append(Reply(0, b"", time.perf_counter() - due))
            return
        idle.append(connection)

    due, waiting, place = time.perf_counter(), set(), 0
    while going():
        due += drawn.expovariate(rate)
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.create_task(ask(asked[place % len(asked)], due))
        waiting.add(task)
        task.add_done_callback(waiting.discard)
        place += 1
    await asyncio.gather(*waiting)
    return replies
