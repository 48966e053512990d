"""The result of a profile: rows, totals, and how they are shown."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnnlib.profile.fields import Field, Misalignment

if TYPE_CHECKING:
    from cnnlib.plot import CourseFigure

HEADINGS = (
    "layer", "kind", "output", "parameters", "MACs", "bytes", "field", "jump", "padding",
)  # fmt: skip


@dataclass(frozen=True)
class Layer:
    """One operation of the network, in the order in which it runs."""

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int  # own ones; of a layer that is used twice, only the first time
    macs: int  # multiply-adds for the whole batch; twice as many FLOPs
    activation_bytes: int  # memory of a new output; 0 for a view or an operation in place
    field: Field | None  # None once an output has no place in the image, or if it is unknown

    def cells(self) -> tuple[str, ...]:
        """What the table shows, in the order of its headings."""
        seen = ("", "", "")
        if self.field is not None:
            seen = (_pair(self.field.size), _pair(self.field.jump), _pair(self.field.padding))
        return (
            self.name,
            self.kind,
            " x ".join(map(str, self.output_shape)),
            f"{self.parameters:,}" if self.parameters else "",
            f"{self.macs:,}" if self.macs else "",
            f"{self.activation_bytes:,}" if self.activation_bytes else "",
            *seen,
        )


def _pair(pair: tuple[int, int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]} x {pair[1]}"


@dataclass(frozen=True)
class Profile:
    """What a network costs and sees, layer by layer.

    Iterate over it, index it by a layer's name, print it, or leave it at the end of a notebook
    cell. ``field`` is that of the last layer whose outputs still have a place in the image.
    """

    name: str
    input_shape: tuple[int, ...]
    layers: tuple[Layer, ...]
    parameters: int  # of the whole model, each counted once
    misalignments: tuple[Misalignment, ...]
    unknown: tuple[str, ...]  # operations whose receptive field this walk does not know
    unused: tuple[str, ...]  # parameters that this forward pass does not touch

    @property
    def macs(self) -> int:
        """Multiply-adds of one forward pass of the batch; twice as many FLOPs."""
        return sum(layer.macs for layer in self.layers)

    @property
    def activation_bytes(self) -> int:
        """Bytes of all outputs, which training keeps for the backward pass, without the input."""
        return sum(layer.activation_bytes for layer in self.layers)

    @property
    def field(self) -> Field:
        """The receptive field of the last layer with pixels."""
        return next(layer.field for layer in reversed(self.layers) if layer.field is not None)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, name: str) -> Layer:
        for layer in self.layers:
            if layer.name == name:
                return layer
        known = ", ".join(layer.name for layer in self.layers[:8])
        raise KeyError(f"profile: no layer is called {name!r}; the first are {known}, ...")

    def columns(self) -> dict[str, list[Any]]:
        """The table as lists, for example for ``pandas.DataFrame(profile.columns())``."""
        return {
            "layer": [layer.name for layer in self.layers],
            "kind": [layer.kind for layer in self.layers],
            "output_shape": [layer.output_shape for layer in self.layers],
            "parameters": [layer.parameters for layer in self.layers],
            "macs": [layer.macs for layer in self.layers],
            "activation_bytes": [layer.activation_bytes for layer in self.layers],
            "receptive_field": [layer.field and layer.field.size for layer in self.layers],
            "jump": [layer.field and layer.field.jump for layer in self.layers],
            "padding": [layer.field and layer.field.padding for layer in self.layers],
        }

    def notes(self) -> list[str]:
        """What the table alone does not say."""
        notes = [f"misaligned: {misalignment}" for misalignment in self.misalignments]
        if self.unknown:
            notes.append(f"receptive field unknown after: {', '.join(self.unknown)}")
        if self.unused:
            notes.append(f"parameters not used in this pass: {', '.join(self.unused)}")
        return notes

    def __str__(self) -> str:
        rows = [HEADINGS, *(layer.cells() for layer in self.layers), self._totals()]
        widths = [max(len(row[i]) for row in rows) for i in range(len(HEADINGS))]
        lines = [
            "  ".join(
                cell.ljust(width) if i < 3 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ]
        rule = "-" * max(map(len, lines))
        title = f"{self.name}, input {' x '.join(map(str, self.input_shape))}"
        table = [title, lines[0], rule, *lines[1:-1], rule, lines[-1]]
        return "\n".join([*table, *self.notes()])

    def _totals(self) -> tuple[str, ...]:
        totals = (f"{self.parameters:,}", f"{self.macs:,}", f"{self.activation_bytes:,}")
        return ("total", "", "", *totals, "", "", "")

    def _repr_html_(self) -> str:
        def row(cells: tuple[str, ...], tag: str) -> str:
            styles = ["left" if i < 3 else "right" for i in range(len(cells))]
            return "".join(
                f'<{tag} style="text-align:{style}">{html.escape(cell)}</{tag}>'
                for cell, style in zip(cells, styles, strict=True)
            )

        body = "".join(f"<tr>{row(layer.cells(), 'td')}</tr>" for layer in self.layers)
        title = f"{self.name}, input {' × '.join(map(str, self.input_shape))}"
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes())
        return (
            f"<table><caption>{html.escape(title)}</caption>"
            f"<thead><tr>{row(HEADINGS, 'th')}</tr></thead><tbody>{body}</tbody>"
            f"<tfoot><tr>{row(self._totals(), 'th')}</tr></tfoot></table>{notes}"
        )

    def plot(self) -> CourseFigure:
        """Bars of parameters, MACs and activation bytes, for the layers that have any cost."""
        from cnnlib.plot import layer_costs  # only here: profiling needs no matplotlib

        costly = [layer for layer in self.layers if layer.parameters or layer.macs]
        if not costly:
            raise ValueError("profile: nothing to plot, no layer has parameters or multiply-adds")
        return layer_costs(
            [layer.name for layer in costly],
            {
                "parameters": [layer.parameters for layer in costly],
                "MACs": [layer.macs for layer in costly],
                "activation bytes": [layer.activation_bytes for layer in costly],
            },
            title=self.name,
        )
