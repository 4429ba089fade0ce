"""Where the voxels lie in the patient (PS3.3 §C.7.6.2)."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Sequence, Tuple

import numpy as np

from .errors import SeriesNotSuitable

#: Orientations of one volume may differ by rounding only: the cosines by this much.
ORIENTATION_TOLERANCE = 1e-3
#: Two images closer than this along the normal lie at the same position, in mm.
POSITION_TOLERANCE = 1e-3
#: Gaps that differ by less than this share of the median gap count as regular.
REGULARITY_TOLERANCE = 0.02


@dataclass(frozen=True)
class Geometry:
    """The grid of a volume in the patient's coordinates (LPS, mm).

    ``spacing``: mm between slices, rows and columns. ``origin``: LPS of the centre of voxel [0, 0, 0].
    ``directions``: 3 × 3, the unit vectors along increasing slice, row and column index, as rows.
    ``affine``: 4 × 4; ``affine @ (slice, row, column, 1)`` is the LPS of that voxel's centre.
    ``positions``: slices × 3, the origin of each slice. ``regular``: whether the slices are evenly spaced; if not, ``affine``
    holds only for the first slice and ``positions`` for all.
    ``in_patient``: whether the images state their place in the patient; if not, directions are the identity's.
    """

    spacing: Tuple[float, float, float]
    origin: Tuple[float, float, float]
    directions: np.ndarray
    affine: np.ndarray
    positions: np.ndarray
    regular: bool
    in_patient: bool

    @property
    def right_handed(self) -> bool:
        """Whether columns, rows, slices form a right-handed system. True for every volume that is sorted by its normal."""
        slice_, row, column = self.directions
        return bool(np.dot(np.cross(column, row), slice_) > 0)

    @property
    def voxel_volume(self) -> float:
        """Volume of a voxel in mm³."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))

    @property
    def affine_ras(self) -> np.ndarray:
        """The affine in RAS coordinates, as NIfTI and nibabel use them."""
        return np.diag([-1.0, -1.0, 1.0, 1.0]) @ self.affine


@dataclass(frozen=True)
class Plane:
    """Place of one image: ``position`` (0020,0032), ``orientation`` (0020,0037), ``spacing`` (row spacing, column spacing)."""

    position: Optional[Tuple[float, ...]]
    orientation: Optional[Tuple[float, ...]]
    spacing: Optional[Tuple[float, ...]]
    thickness: Optional[float] = None


def arrange(planes: Sequence[Plane]) -> Tuple[np.ndarray, Geometry]:
    """Order of the slices (indices into ``planes``) and the geometry of the sorted volume.

    Raises SeriesNotSuitable for mixed orientations or spacings, or several images at one position.
    """
    placed = [p.position is not None and p.orientation is not None for p in planes]
    if not any(placed):
        return np.arange(len(planes)), _unplaced(planes)
    if not all(placed):
        raise SeriesNotSuitable(f"{placed.count(False)} of {len(planes)} images do not state their position in the patient")
    orientation = _common(np.array([p.orientation for p in planes], float), ORIENTATION_TOLERANCE, "orientations")
    spacing = _pixel_spacing(planes)
    along_columns, along_rows = _axes(orientation)
    normal = np.cross(along_columns, along_rows)
    positions = np.array([p.position for p in planes], float)
    if not np.isfinite(positions).all():
        raise SeriesNotSuitable("Image Position (Patient) is not a number")
    depth = positions @ normal
    order = np.argsort(depth, kind="stable")
    gaps = np.diff(depth[order])
    same = int(np.count_nonzero(gaps < POSITION_TOLERANCE))
    if same:
        raise SeriesNotSuitable(f"{same + 1} or more images share a position, as in a time series or several echoes: "
                                f"{len(planes)} images at {len(planes) - same} positions")
    return order, _geometry(positions[order], normal, along_rows, along_columns, spacing, gaps, planes[0].thickness)


def _geometry(positions: np.ndarray, normal: np.ndarray, along_rows: np.ndarray, along_columns: np.ndarray,
              spacing: Tuple[float, float], gaps: np.ndarray, thickness: Optional[float]) -> Geometry:
    """The grid; the step between slices is that of their origins, so that a tilted gantry shears it correctly."""
    if len(gaps):
        median = float(np.median(gaps))
        regular = bool(np.all(np.abs(gaps - median) <= REGULARITY_TOLERANCE * median))
        step = (positions[-1] - positions[0]) / len(gaps) if regular else normal * median
    else:
        median, regular = thickness if thickness and thickness > 0 else 1.0, True
        step = normal * median
    affine = np.eye(4)
    affine[:3, 0] = step
    affine[:3, 1] = along_rows * spacing[0]
    affine[:3, 2] = along_columns * spacing[1]
    affine[:3, 3] = positions[0]
    length = float(np.linalg.norm(step))
    directions = np.array([step / length, along_rows, along_columns])
    return Geometry((length, spacing[0], spacing[1]), tuple(float(v) for v in positions[0]), directions, affine, positions,
                    regular, True)


def _unplaced(planes: Sequence[Plane]) -> Geometry:
    """Images that state no place (radiographs, photographs): the pixel spacing if there is one, slices 1 mm apart."""
    stated = [p.spacing for p in planes if p.spacing]
    row, column = stated[0] if stated else (1.0, 1.0)
    thickness = planes[0].thickness
    gap = thickness if thickness and thickness > 0 else 1.0
    positions = np.zeros((len(planes), 3))
    positions[:, 2] = np.arange(len(planes)) * gap
    directions = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    affine = np.eye(4)
    affine[:3, :3] = (directions * np.array([[gap], [row], [column]])).T
    return Geometry((gap, row, column), (0.0, 0.0, 0.0), directions, affine, positions, True, False)


def _common(values: np.ndarray, tolerance: float, what: str) -> np.ndarray:
    """The value that all rows share."""
    if not np.isfinite(values).all():
        raise SeriesNotSuitable(f"the {what} of the images are not numbers")
    different = np.abs(values - values[0]).max(axis=1) > tolerance
    if different.any():
        raise SeriesNotSuitable(f"the images have different {what}: {np.count_nonzero(different)} of {len(values)} "
                                "differ from the first, as with localizers among slices")
    return values[0]


def _pixel_spacing(planes: Sequence[Plane]) -> Tuple[float, float]:
    """Row and column spacing in mm, the same for all."""
    missing = sum(1 for p in planes if not p.spacing)
    if missing:
        raise SeriesNotSuitable(f"{missing} of {len(planes)} images have no pixel spacing")
    row, column = _common(np.array([p.spacing for p in planes], float), 1e-4, "pixel spacings")
    if row <= 0 or column <= 0:
        raise SeriesNotSuitable(f"the pixel spacing {row:g} \\ {column:g} is not positive")
    return float(row), float(column)


def _axes(orientation: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Unit vectors along increasing column and row index."""
    first, second = orientation[:3], orientation[3:]
    lengths = np.linalg.norm(first), np.linalg.norm(second)
    if min(lengths) < 0.5 or abs(np.dot(first, second)) > 0.05:
        raise SeriesNotSuitable("Image Orientation (Patient) does not hold two perpendicular unit vectors")
    first = first / lengths[0]
    second = second - np.dot(second, first) * first
    return first, second / np.linalg.norm(second)
