"""What happened during training: one row for each epoch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnlib.plot import CourseFigure

COLUMNS = (
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "learning_rate",
)


@dataclass
class History:
    """Loss, accuracy and learning rate, epoch by epoch.

    Attributes
    ----------
    train_loss, train_accuracy : list of float
        Means over the epoch, measured while the weights were still changing; accuracy from 0 to 1.
    validation_loss, validation_accuracy : list of float
        Measured after the epoch; empty without validation data.
    learning_rate : list of float
        Of the first parameter group, at the end of the epoch.

    Examples
    --------
    >>> history = History(train_loss=[2.0, 1.0], train_accuracy=[0.3, 0.6])
    >>> history.epochs, history.train_loss[-1]
    (2, 1.0)
    """

    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)

    @property
    def epochs(self) -> int:
        """How many epochs are finished."""
        return len(self.train_loss)

    def append(self, row: dict[str, float]) -> None:
        """Add one epoch; ``row`` names columns."""
        for name, value in row.items():
            getattr(self, name).append(float(value))

    def to_dict(self) -> dict[str, list[float]]:
        """Return the columns as plain lists, for JSON or a DataFrame."""
        return {name: list(getattr(self, name)) for name in COLUMNS}

    def plot(self, title: str | None = None) -> CourseFigure:
        """Draw the curves (matplotlib is loaded here)."""
        from cnnlib.plot import training_curves

        curves: dict[str, Any] = self.to_dict()
        return training_curves(curves, title=title)

    def __str__(self) -> str:
        names = [name for name in COLUMNS if getattr(self, name)]
        head = "epoch  " + "  ".join(names)
        rows = [
            f"{epoch + 1:5d}  "
            + "  ".join(f"{getattr(self, name)[epoch]:{len(name)}.4g}" for name in names)
            for epoch in range(self.epochs)
        ]
        return "\n".join([head, *rows])
