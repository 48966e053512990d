"""How much a submission may use; every number can be set per assignment or on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace


@dataclass(frozen=True)
class Limits:
    """Processor seconds decide; the clock is the backstop: a busy machine costs no points."""

    cell_cpu_seconds: int = 60
    cell_wall_seconds: int = 240
    total_cpu_seconds: int = 600
    memory_mib: int = 2048
    processes: int = 32
    disk_mib: int = 64
    file_mib: int = 64
    restarts: int = 4

    def with_changes(self, changes: Mapping[str, object]) -> Limits:
        """These limits with those that an assignment's metadata names."""
        known = {field.name for field in fields(self)}
        chosen: dict[str, int] = {}
        for name, value in changes.items():
            if (
                name not in known
                or not isinstance(value, int)
                or isinstance(value, bool)
                or value < 1
            ):
                raise ValueError(
                    f"course.limits has {name} = {value!r}; known are whole numbers above 0 for "
                    + ", ".join(sorted(known))
                )
            chosen[name] = value
        return replace(self, **chosen)

    def as_dict(self) -> dict[str, int]:
        """For the processes in the sandbox, which do not share this class."""
        return asdict(self)
