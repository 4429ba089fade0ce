"""Results made of voxels or numbers. Each validates itself, in the words of the researcher who returned it.

Arrays are (slices, rows, columns), in the order of ``task.volume``.
"""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Optional, Sequence, Tuple, Union

import numpy as np

from .codes import TISSUE, Code, text
from .errors import ResultInvalid

# Distinguishable on grey images; used for segments that name no colour.
PALETTE = (0xE6194B, 0x3CB44B, 0x4363D8, 0xF58231, 0x911EB4, 0x46F0F0, 0xF032E6, 0xBCF60C, 0xFABEBE, 0x008080)

Shape = Tuple[int, int, int]


@dataclass(frozen=True)
class Segment:
    """One label of a segmentation.

    ``number``: 1 to 65535, the value of its voxels (0 is background). ``label``: at most 64 characters.
    ``color``: ``0xRRGGBB`` or ``(red, green, blue)`` with 0 to 255 each; chosen if absent.
    ``category`` and ``type``: coded concepts of CID 7150 and 7151 (Tissue / a tissue named like the label, if absent).
    """

    number: int
    label: str
    color: Union[int, Tuple[int, int, int], None] = None
    category: Code = TISSUE
    type: Optional[Code] = None

    def __post_init__(self) -> None:
        if isinstance(self.number, bool) or not isinstance(self.number, (int, np.integer)):
            raise ResultInvalid(f"Segment.number must be a whole number, not {self.number!r}")
        if not 1 <= self.number <= 65535:
            raise ResultInvalid(f"Segment.number must be 1 to 65535 (0 is background), not {self.number}")
        text(self.label, "Segment.label", 64)
        for name, code in (("category", self.category), ("type", self.type)):
            if code is not None and not isinstance(code, Code):
                raise ResultInvalid(f"Segment.{name} of {self.label!r} must be a Code, not {type(code).__name__}")
        self.rgb()

    def rgb(self) -> int:
        """The colour as ``0xRRGGBB``."""
        color = self.color
        if color is None:
            return PALETTE[(int(self.number) - 1) % len(PALETTE)]
        if isinstance(color, (tuple, list)):
            if len(color) != 3 or not all(isinstance(c, (int, np.integer)) and 0 <= c <= 255 for c in color):
                raise ResultInvalid(f"Segment.color of {self.label!r} must be three numbers of 0 to 255, not {color!r}")
            return int(color[0]) << 16 | int(color[1]) << 8 | int(color[2])
        if not isinstance(color, (int, np.integer)) or not 0 <= color <= 0xFFFFFF:
            raise ResultInvalid(f"Segment.color of {self.label!r} must be 0xRRGGBB or a tuple of three, not {color!r}")
        return int(color)


class Segmentation:
    """Labels of voxels, for ``InferType.SEGMENTATION``.

    ``labels``: whole numbers (or booleans) with the shape of the volume; 0 is background, every other value the number of one
    of the ``segments``. All background is valid: nothing was found.
    """

    def __init__(self, labels: Any, segments: Sequence[Segment]) -> None:
        self.labels = labels
        self.segments = list(segments)

    def validate(self, shape: Shape) -> "Segmentation":
        """Checks the result against the volume's shape and brings the labels to uint8 or uint16."""
        labels = voxels(self.labels, shape, "Segmentation.labels")
        if not self.segments:
            raise ResultInvalid("Segmentation.segments is empty; name at least one Segment")
        for segment in self.segments:
            if not isinstance(segment, Segment):
                raise ResultInvalid(f"Segmentation.segments must hold Segment objects, not {type(segment).__name__}")
        numbers = [int(s.number) for s in self.segments]
        for number in numbers:
            if numbers.count(number) > 1:
                raise ResultInvalid(f"two segments have the number {number}")
        if labels.dtype == np.bool_:
            labels = labels.astype(np.uint8)
        elif not np.issubdtype(labels.dtype, np.integer):
            whole = finite(labels, "Segmentation.labels").round()
            if not np.array_equal(whole, labels):
                raise ResultInvalid("Segmentation.labels must be whole numbers; round or threshold probabilities first")
            labels = whole
        low, high = (labels.min(), labels.max()) if labels.size else (0, 0)
        if low < 0:
            raise ResultInvalid(f"Segmentation.labels holds the negative label {int(low)}")
        if high > 65535:
            raise ResultInvalid(f"Segmentation.labels holds {int(high)}; labels go up to 65535")
        labels = labels.astype(np.uint8 if max(numbers) < 256 and high < 256 else np.uint16)
        present = np.flatnonzero(np.bincount(labels.ravel(), minlength=1))
        unknown = sorted(set(present.tolist()) - set(numbers) - {0})
        if unknown:
            raise ResultInvalid(f"Segmentation.labels holds {listing(unknown)}, but the segments are {listing(sorted(numbers))}")
        self.labels = np.ascontiguousarray(labels)
        return self


class ProcessedSeries:
    """A new image series, slice by slice beside the source, for ``InferType.PROCESSING``.

    ``volume``: numbers with the shape of the source's volume, in its rescaled units; stored as int16.
    ``description``: Series Description of the result, at most 64 characters.
    """

    _name = "ProcessedSeries"

    def __init__(self, volume: Any, description: str = "Processed") -> None:
        self.volume = volume
        self.description = description

    def validate(self, shape: Shape) -> "ProcessedSeries":
        """Checks the result against the volume's shape and brings it to int16."""
        text(self.description, f"{self._name}.description", 64)
        volume = voxels(self.volume, shape, f"{self._name}.volume")
        rounded = np.rint(finite(volume.astype(np.float32, copy=False), f"{self._name}.volume"))
        low, high = float(rounded.min()), float(rounded.max())
        if low < -32768 or high > 32767:
            raise ResultInvalid(f"{self._name}.volume goes from {low:g} to {high:g}; images are stored as int16 "
                                "(-32768 to 32767): scale it")
        self.volume = np.ascontiguousarray(rounded.astype("<i2"))
        return self


class RegisteredSeries(ProcessedSeries):
    """The series after registration, resampled on the source's grid, for ``InferType.REGISTRATION``."""

    _name = "RegisteredSeries"

    def __init__(self, volume: Any, description: str = "Registered") -> None:
        super().__init__(volume, description)


@dataclass(frozen=True)
class Measurement:
    """One number. ``unit``: UCUM (``mm``, ``mm2``, ``cm3``, ``1`` …). ``code``: what is measured."""

    label: str
    value: float
    unit: str = "1"
    code: Optional[Code] = None

    def __post_init__(self) -> None:
        text(self.label, "Measurement.label", 64)
        text(self.unit, f"Measurement.unit of {self.label!r}", 16)
        number(self.value, f"Measurement.value of {self.label!r}")
        if self.code is not None and not isinstance(self.code, Code):
            raise ResultInvalid(f"Measurement.code of {self.label!r} must be a Code, not {type(self.code).__name__}")


class Measurements:
    """Numbers, for ``InferType.PROCESSING``. None at all is valid."""

    def __init__(self, measurements: Sequence[Measurement]) -> None:
        self.measurements = list(measurements)

    def validate(self, shape: Shape) -> "Measurements":
        """Checks that every entry is a Measurement."""
        for measurement in self.measurements:
            if not isinstance(measurement, Measurement):
                raise ResultInvalid(f"Measurements must hold Measurement objects, not {type(measurement).__name__}")
        return self


def voxels(values: Any, shape: Shape, where: str) -> np.ndarray:
    """``values`` as a numeric array of exactly this shape."""
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise ResultInvalid(f"{where} must be an array of numbers, not of {array.dtype}")
    if array.shape != tuple(shape):
        raise ResultInvalid(f"{where} has the shape {array.shape}, the volume {tuple(shape)} (slices, rows, columns)")
    return array


def finite(array: np.ndarray, where: str) -> np.ndarray:
    """The array itself, if it holds neither NaN nor infinity."""
    bad = np.count_nonzero(~np.isfinite(array))
    if bad:
        raise ResultInvalid(f"{where} holds {bad} values that are NaN or infinite")
    return array


def number(value: Any, where: str) -> float:
    """A finite number as float."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise ResultInvalid(f"{where} must be a number, not {value!r}")
    if not math.isfinite(value):
        raise ResultInvalid(f"{where} is {value}")
    return float(value)


def listing(numbers: Sequence[int]) -> str:
    """At most ten numbers as text."""
    shown = ", ".join(str(n) for n in numbers[:10])
    return shown + (f" and {len(numbers) - 10} more" if len(numbers) > 10 else "")
