"""A server that is kept running: started, watched, started again a bounded number of times, ended with its caller."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

from tasks.release.config import ServingConfig
from tasks.release.endpoint import Endpoint, NotReady, is_healthy, wait_until_ready

State = Literal["starting", "ready", "unhealthy", "restarting", "stopped", "lost"]

SICK_CHECKS = 4
"""A server that lives but fails this many health checks in a row is started again."""


class ServerLost(RuntimeError):
    """A server could not be kept running."""


class Server(Protocol):
    """A started program, as `tasks.runtime.programs.Running`."""

    def alive(self) -> bool:
        """Whether it still runs."""
        ...

    def failure(self, what: str) -> Exception:
        """An error with the end of its log."""
        ...


@dataclass(frozen=True, slots=True)
class Health:
    """What is known about a deployment now: its state, checks done, restarts so far, the last thing that went wrong."""

    state: State
    checks: int = 0
    restarts: int = 0
    problem: str = ""
    at: str = ""


def keep_serving(
    start: Callable[[], AbstractContextManager[Server]],
    endpoint: Endpoint,
    serving: ServingConfig,
    show: Callable[[Health], None],
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Serve until an exception (a cancellation, Ctrl-C) comes out of `pause` or `show`, or the server is lost.

    Args:
        start: starts the server; leaving its context ends it and everything that it started.
        endpoint: where it will be.
        serving: how long it may take to be ready, how often it is checked and started again.
        show: called after every check and every change.
        pause: waits between two checks.

    Raises:
        ServerLost: it ended or fell silent more often than it may be restarted.
    """
    checks, problem = 0, ""
    for restarts in range(serving.restarts + 1):
        show(_now("restarting" if restarts else "starting", checks, restarts, problem))
        try:
            with start() as server:
                problem = _first_check(server, endpoint, serving)
                sick = 0
                while not problem:
                    sick = 0 if is_healthy(endpoint) else sick + 1
                    checks += 1
                    problem = _problem(server, sick)
                    show(_now("unhealthy" if sick else "ready", checks, restarts, problem))
                    if not problem:
                        pause(serving.check_seconds)
        except BaseException:
            show(_now("stopped", checks, restarts, problem))
            raise
    show(_now("lost", checks, serving.restarts, problem))
    raise ServerLost(
        f"the server of {endpoint.model} was started {serving.restarts + 1} times and did not stay up; "
        f"the last time: {problem}"
    )


def health_page(health: Health, endpoint: Endpoint, facts: dict[str, str]) -> str:
    """The page that people see, in Chinese."""
    state = {
        "starting": "正在启动",
        "ready": "就绪",
        "unhealthy": "无响应",
        "restarting": "正在重启",
        "stopped": "已停止",
        "lost": "已失败",
    }[health.state]
    rows = {
        "状态": f"**{state}**",
        "地址": f"`{endpoint.url}/v1`",
        "模型名": f"`{endpoint.model}`",
        **facts,
        "健康检查": f"{health.checks} 次",
        "重启": f"{health.restarts} 次",
        "更新时间（UTC）": health.at,
    }
    lines = ["| 项目 | 内容 |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows.items())]
    if health.problem:
        lines += ["", "最近一次问题：", "", "```", health.problem, "```"]
    return "\n".join(lines)


def _first_check(server: Server, endpoint: Endpoint, serving: ServingConfig) -> str:
    try:
        wait_until_ready(endpoint, server.alive, serving.ready_minutes * 60)
    except NotReady as problem:
        return str(server.failure(f"is not ready: {problem}"))
    return ""


def _problem(server: Server, sick: int) -> str:
    if not server.alive():
        return str(server.failure("ended"))
    return str(server.failure(f"failed {sick} health checks in a row")) if sick >= SICK_CHECKS else ""


def _now(state: State, checks: int, restarts: int, problem: str) -> Health:
    return Health(state, checks, restarts, problem, datetime.now(UTC).isoformat(timespec="seconds"))
