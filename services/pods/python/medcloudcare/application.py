"""What a model is: a subclass of :class:`Application`."""
from __future__ import annotations

import abc
import enum
from typing import Any

from .task import InferTask


class InferType(str, enum.Enum):
    """What a model does. The type of its result follows from it."""

    SEGMENTATION = "segmentation"      # returns Segmentation
    DETECTION = "detection"            # returns Detections
    CLASSIFICATION = "classification"  # returns Classification
    LOCALISATION = "localisation"      # returns Localisation
    REGISTRATION = "registration"      # returns RegisteredSeries
    PROCESSING = "processing"          # returns ProcessedSeries or Measurements


class Application(abc.ABC):
    """A model. ``main.py`` defines exactly one subclass; it is made once per replica and used for one job after another."""

    infer_type: InferType

    def load(self) -> None:
        """Loads weights. Called once, before the replica reports that it is ready; files lie beside ``main.py``."""

    @abc.abstractmethod
    def run(self, task: InferTask) -> Any:
        """Computes the result of one series: an instance of the result class that belongs to ``infer_type``."""
