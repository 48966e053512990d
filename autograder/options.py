"""The options that most commands know: where a class, its gradebook and its sources are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

SHARED = [
    click.option(
        "--class", "folder", type=click.Path(file_okay=False, path_type=Path),
        default=Path("class"),
        show_default=True, help="Where a class's submissions, gradebook and journal are kept.",
    ),
    click.option("--db", metavar="URL", help="The gradebook.  [default: CLASS/gradebook.db]"),
    click.option(
        "--source", type=click.Path(file_okay=False, path_type=Path), default=Path("solutions"),
        show_default=True, help="Where the instructor's notebooks are kept.",
    ),
]  # fmt: skip


Command = TypeVar("Command", bound=Callable[..., object])


def shared(command: Command) -> Command:
    """The options that most commands know."""
    for option in reversed(SHARED):
        command = option(command)
    return command
