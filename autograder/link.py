"""Frames carried between the two processes while a test runs, and why the student's one ended.

Frames pass through without being opened, except those that are meant for the engine.
"""

from __future__ import annotations

import select
import signal
import time
from collections.abc import Callable
from typing import Any

from autograder import sandbox, wire
from autograder.limits import Limits
from autograder.outcomes import Outcome


class Died(Exception):  # noqa: N818 -- read as what has happened
    """Process A has ended; the outcome says how."""

    def __init__(self, outcome: Outcome, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome


def cause_of_death(process: sandbox.Process, error: wire.WireError, limits: Limits) -> Died:
    """Why A does not answer any more, in words for the student."""
    if isinstance(error, wire.Late):
        return Died(
            Outcome.TIMEOUT,
            f"stopped after {limits.cell_wall_seconds} seconds on the clock",
        )
    if not isinstance(error, wire.Closed):
        return Died(Outcome.PROCESS_DIED, "the process sent something that is not plain data")
    why = process.reason()
    if why is not None and why.startswith("fault"):
        raise sandbox.SandboxError(why)
    if why == "cpu":
        return Died(Outcome.TIMEOUT, f"stopped after {limits.cell_cpu_seconds} processor seconds")
    if why == "memory":
        return Died(Outcome.OUT_OF_MEMORY, f"used more than {limits.memory_mib} MiB of memory")
    return Died(
        Outcome.PROCESS_DIED, f"your code ended the Python process ({_ending(process.status)})"
    )


def _ending(status: int) -> str:
    if status > 128:
        try:
            return signal.Signals(status - 128).name
        except ValueError:
            pass
    return f"exit status {status}"


class Link:
    """Carries frames between B and A while B runs one cell."""

    def __init__(
        self,
        b: sandbox.Process,
        start_a: Callable[[], sandbox.Process],
        limits: Limits,
    ) -> None:
        self._b, self._start_a, self._limits = b, start_a, limits
        self._a: sandbox.Process | None = None
        self.death: Died | None = None

    def carry(self, deadline: float) -> dict[str, Any]:
        """Until B has finished its cell; the deadline is A's, B gets a little more."""
        while True:
            late = time.monotonic() > deadline
            if late and self._a is not None and self.death is None:
                self._bury(self._a, wire.Late("too late"))
            channels = [self._b.channel]
            if self._a is not None and self.death is None:
                channels.append(self._a.channel)
            left = deadline + (30 if late else 0) - time.monotonic()
            ready = select.select(channels, [], [], max(0.01, left))[0]
            if late and not ready:
                raise wire.Late("the test does not end")
            if self._b.channel in ready:
                frame = wire.receive_frame(self._b.channel, deadline + 30)
                if frame[:1] == b"E":
                    return wire.decode(memoryview(frame)[1:])
                self._to_a(frame, deadline)
            elif ready and self._a is not None:
                self._from_a(self._a, deadline)

    def _to_a(self, frame: bytes, deadline: float) -> None:
        if self.death is None:
            try:
                if self._a is None:
                    self._a = self._start_a()
                wire.send_frame(self._a.channel, frame, max(0.1, deadline - time.monotonic()))
            except Died as death:
                self.death = death
            except wire.WireError as error:
                if self._a is not None:
                    self._bury(self._a, error)
                return
        if self.death is not None:
            self._tell_b()

    def _from_a(self, a: sandbox.Process, deadline: float) -> None:
        try:
            frame = wire.receive_frame(a.channel, deadline)
        except wire.WireError as error:
            self._bury(a, error)
            return
        if frame[:1] == b"P":
            wire.send_frame(self._b.channel, frame, 30)
        else:
            self._bury(a, wire.WireError("a frame for somebody else"))

    def _bury(self, a: sandbox.Process, error: wire.WireError) -> None:
        self.death = cause_of_death(a, error, self._limits)
        self._tell_b()

    def _tell_b(self) -> None:
        message = {"op": "gone", "why": self.death.outcome.value if self.death else ""}
        wire.send_frame(self._b.channel, b"E" + wire.encode(message), 30)
