"""Where the processes that run notebooks come from: behind walls, or without them.

The engine asks here and does not need to know which it gets: :mod:`autograder.walled` for
strangers' code, :mod:`autograder.bare` for one's own where bubblewrap does not exist.
"""

from __future__ import annotations

import socket
import threading
from typing import Any, Protocol

from autograder.bare import BareNursery
from autograder.bubblewrap import find_bubblewrap
from autograder.limits import Limits
from autograder.profile import Profile, SandboxError, profile_for_answers, profile_for_tests
from autograder.walled import UNPRIVILEGED, Nursery

__all__ = [
    "UNPRIVILEGED",
    "Nursery",
    "Process",
    "SandboxError",
    "Source",
    "close_all",
    "find_bubblewrap",
    "nursery_for",
    "profile_for_answers",
    "profile_for_tests",
]


class Process(Protocol):
    """What the engine needs of a process, with walls or without."""

    channel: socket.socket
    why: str | None

    @property
    def status(self) -> int:
        """The exit status."""

    def budget(self, cpu_seconds: float) -> None:
        """Allow so many processor seconds from now on."""

    def reason(self, seconds: float = 10.0) -> str | None:
        """Why it ended."""

    def close(self) -> None:
        """End it."""


class Source(Protocol):
    """Where processes come from."""

    def spawn(self, limits: Limits, settings: dict[str, Any]) -> Process:
        """Start one."""

    def close(self) -> None:
        """End all."""


_nurseries: dict[tuple[Profile, bool], Source] = {}
_nurseries_lock = threading.Lock()


def nursery_for(profile: Profile, protected: bool = True) -> Source:
    """This process' warm parent for a profile; started once, and again when it has ended."""
    with _nurseries_lock:
        found = _nurseries.get((profile, protected))
        if found is None or (isinstance(found, Nursery) and found.problem):
            found = Nursery(profile) if protected else BareNursery(profile)
            _nurseries[profile, protected] = found
    return found


def close_all() -> None:
    """End all warm parents of this process."""
    with _nurseries_lock:
        for nursery in _nurseries.values():
            nursery.close()
        _nurseries.clear()
