"""Receptive fields along every path of a network.

One output pixel sees a rectangle of input pixels. A window widens it, a stride makes neighbours
stand further apart, padding moves it to the left; where paths meet, the union counts. Araujo,
Norris and Sim, *Computing receptive fields of convolutional neural networks*, Distill, 2019. Along
one chain of windows this is :func:`cnnlib.shapes.receptive_field`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnnlib.shapes import ReceptiveField

Window = tuple[int, int, int, int]  # kernel_size, stride, padding before, dilation; in pixels


@dataclass(frozen=True)
class Field:
    """What one output pixel sees: a :class:`~cnnlib.shapes.ReceptiveField` for each axis."""

    rows: ReceptiveField
    columns: ReceptiveField

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in input pixels."""
        return self.rows.size, self.columns.size

    @property
    def jump(self) -> tuple[int, int]:
        """Input pixels from one output pixel to the next, (down, right)."""
        return self.rows.jump, self.columns.jump

    @property
    def padding(self) -> tuple[int, int]:
        """How far the first output looks beyond the edge, (top, left); the effective padding."""
        return -self.rows.start, -self.columns.start

    def through(self, rows: Window, columns: Window) -> Field:
        """The field behind one more window."""
        return Field(_through(self.rows, rows), _through(self.columns, columns))


PIXEL = Field(ReceptiveField(1, 1, 0), ReceptiveField(1, 1, 0))


def _through(field: ReceptiveField, window: Window) -> ReceptiveField:
    kernel_size, stride, padding, dilation = window
    return ReceptiveField(
        field.size + field.jump * dilation * (kernel_size - 1),
        field.jump * stride,
        field.start - field.jump * padding,
    )


@dataclass(frozen=True)
class Misalignment:
    """Paths that meet in one layer although they look at different places.

    ``centres`` are the middles of the first output pixel's field on each path, (row, column);
    ``jumps`` the input pixels between neighbours. Where either differs, the values that meet there
    describe different parts of the image.
    """

    layer: str
    centres: tuple[tuple[float, float], ...]
    jumps: tuple[tuple[int, int], ...]

    def __str__(self) -> str:
        centres = ", ".join(f"({row:g}, {column:g})" for row, column in self.centres)
        jumps = ", ".join(map(str, self.jumps))
        return f"{self.layer}: paths meet with centres {centres} and jumps {jumps}"


def meet(layer: str, fields: Sequence[Field]) -> tuple[Field, Misalignment | None]:
    """The union of what the paths see, and a report if they look at different places."""
    union = Field(
        _union([field.rows for field in fields]), _union([field.columns for field in fields])
    )
    centres = tuple((_centre(field.rows), _centre(field.columns)) for field in fields)
    jumps = tuple(field.jump for field in fields)
    if len(set(centres)) == 1 and len(set(jumps)) == 1:
        return union, None
    return union, Misalignment(layer, centres, jumps)


def _union(fields: Sequence[ReceptiveField]) -> ReceptiveField:
    start = min(field.start for field in fields)
    stop = max(field.start + field.size for field in fields)
    return ReceptiveField(stop - start, max(field.jump for field in fields), start)


def _centre(field: ReceptiveField) -> float:
    return field.start + (field.size - 1) / 2
