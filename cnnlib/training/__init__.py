"""Train and measure torch models: seeds that reproduce, checkpoints that survive, any device.

``fit`` trains, ``evaluate`` and ``predict`` measure, ``find_learning_rate`` explores. One process
or many (``torchrun``) is the same code; Lightning Fabric moves data and mixes precision.
"""

from cnnlib.training.checkpoint import CheckpointError
from cnnlib.training.history import History
from cnnlib.training.learning_rate import LearningRates, find_learning_rate
from cnnlib.training.loop import fit, steps_per_epoch
from cnnlib.training.scores import Scores, evaluate, predict

__all__ = [
    "CheckpointError",
    "History",
    "LearningRates",
    "Scores",
    "evaluate",
    "find_learning_rate",
    "fit",
    "predict",
    "steps_per_epoch",
]
