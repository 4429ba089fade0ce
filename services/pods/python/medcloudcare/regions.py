"""Results made of regions and findings."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from .codes import Code, text
from .errors import ResultInvalid
from .results import Shape, number

MAX_REGIONS = 10_000
MAX_POINTS = 10_000


@dataclass(frozen=True)
class Region:
    """A region on one slice.

    ``slice``: index into ``task.volume``. ``points``: (column, row) pairs in pixels, (0, 0) being the top left corner of the
    top left pixel, so that the centre of voxel [k, r, c] is (c + 0.5, r + 0.5). One point is a location, two are the corners of
    a box, three or more a closed polygon. ``score``: 0 to 1.
    """

    label: str
    slice: int
    points: Sequence[Tuple[float, float]]
    score: float = 1.0
    code: Optional[Code] = None

    @staticmethod
    def point(label: str, slice: int, row: float, column: float, score: float = 1.0, code: Optional[Code] = None) -> "Region":
        """A location."""
        return Region(label, slice, [(column, row)], score, code)

    @staticmethod
    def box(label: str, slice: int, top: float, left: float, bottom: float, right: float, score: float = 1.0,
            code: Optional[Code] = None) -> "Region":
        """A box."""
        return Region(label, slice, [(left, top), (right, bottom)], score, code)

    @staticmethod
    def polygon(label: str, slice: int, points: Sequence[Tuple[float, float]], score: float = 1.0,
                code: Optional[Code] = None) -> "Region":
        """A closed polygon of (column, row) points."""
        return Region(label, slice, points, score, code)

    def validate(self, shape: Shape, where: str) -> List[float]:
        """Checks the region against the volume's shape; returns x1, y1, x2, y2 …"""
        text(self.label, f"{where}.label", 64)
        if isinstance(self.slice, bool) or not isinstance(self.slice, (int, np.integer)) or not 0 <= self.slice < shape[0]:
            raise ResultInvalid(f"{where}.slice is {self.slice!r}; the volume has the slices 0 to {shape[0] - 1}")
        fraction(self.score, f"{where}.score")
        coded(self.code, where)
        array = np.asarray(self.points)
        if array.dtype.kind not in "iuf" or array.ndim != 2 or array.shape[1] != 2 or not 1 <= len(array) <= MAX_POINTS:
            raise ResultInvalid(f"{where}.points must be 1 to {MAX_POINTS} pairs of (column, row)")
        if not np.isfinite(array).all():
            raise ResultInvalid(f"{where}.points holds NaN or infinity")
        rows, columns = shape[1], shape[2]
        if (array < 0).any() or (array[:, 0] > columns).any() or (array[:, 1] > rows).any():
            raise ResultInvalid(f"{where}.points lies outside the image of {columns} columns and {rows} rows")
        return [float(v) for v in array.ravel()]


class Detections:
    """Regions, for ``InferType.DETECTION``. None at all is valid: nothing was found."""

    _name = "Detections"

    def __init__(self, regions: Sequence[Region]) -> None:
        self.regions = list(regions)

    def validate(self, shape: Shape) -> "Detections":
        """Checks every region against the volume's shape."""
        if len(self.regions) > MAX_REGIONS:
            raise ResultInvalid(f"{self._name} holds {len(self.regions)} regions; at most {MAX_REGIONS} are allowed")
        for index, region in enumerate(self.regions):
            if not isinstance(region, Region):
                raise ResultInvalid(f"{self._name} must hold Region objects, not {type(region).__name__}")
            region.validate(shape, f"region {index} ({region.label!r})")
        return self


class Localisation(Detections):
    """Where known structures lie, as points or boxes, for ``InferType.LOCALISATION``."""

    _name = "Localisation"

    def validate(self, shape: Shape) -> "Localisation":
        """Checks every region, and that it is a point or a box."""
        super().validate(shape)
        for index, region in enumerate(self.regions):
            if len(region.points) > 2:
                raise ResultInvalid(f"region {index} ({region.label!r}) is a polygon; a localisation has points and boxes")
        return self


@dataclass(frozen=True)
class Finding:
    """One class with its probability, 0 to 1."""

    label: str
    probability: float
    code: Optional[Code] = field(default=None)

    def __post_init__(self) -> None:
        text(self.label, "Finding.label", 64)
        fraction(self.probability, f"Finding.probability of {self.label!r}")
        coded(self.code, f"finding {self.label!r}")


class Classification:
    """Classes of the series as a whole, for ``InferType.CLASSIFICATION``."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = list(findings)

    def validate(self, shape: Shape) -> "Classification":
        """Checks that every entry is a Finding."""
        if len(self.findings) > MAX_REGIONS:
            raise ResultInvalid(f"Classification holds {len(self.findings)} findings; at most {MAX_REGIONS} are allowed")
        for finding in self.findings:
            if not isinstance(finding, Finding):
                raise ResultInvalid(f"Classification must hold Finding objects, not {type(finding).__name__}")
        return self


def fraction(value: Any, where: str) -> None:
    """Checks a number of 0 to 1."""
    if not 0 <= number(value, where) <= 1:
        raise ResultInvalid(f"{where} must be 0 to 1, not {value}")


def coded(code: Any, where: str) -> None:
    """Checks an optional code."""
    if code is not None and not isinstance(code, Code):
        raise ResultInvalid(f"{where}.code must be a Code, not {type(code).__name__}")
