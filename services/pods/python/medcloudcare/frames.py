"""The frames of an instance: one for a classic image, many for a multi-frame one, each with its place and its scaling."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Optional, Tuple

from pydicom.dataset import Dataset

from .errors import SeriesNotSuitable
from .geometry import Plane

#: A bound on what a header may claim before anything is decoded.
MAX_FRAMES = 20_000


@dataclass(frozen=True)
class Frame:
    """One image. ``number`` counts from 1; ``slope`` and ``intercept`` make rescaled units of stored values."""

    file: int
    uid: str
    number: int
    plane: Plane
    slope: float
    intercept: float
    header: Dataset


def frames_of(header: Dataset, file: int) -> List[Frame]:
    """The frames of one instance, in stored order."""
    count = integer(header, "NumberOfFrames", 1)
    if not 1 <= count <= MAX_FRAMES:
        raise SeriesNotSuitable(f"Number of Frames is {count}; 1 to {MAX_FRAMES} are supported")
    shared = first(header.get("SharedFunctionalGroupsSequence"))
    per_frame = header.get("PerFrameFunctionalGroupsSequence")
    if per_frame is not None and len(per_frame) and len(per_frame) < count:
        raise SeriesNotSuitable(f"the instance has {count} frames but functional groups for {len(per_frame)} only")
    offsets = header.get("GridFrameOffsetVector")
    uid = str(header.get("SOPInstanceUID", ""))
    result = []
    for index in range(count):
        groups = (per_frame[index] if per_frame else None, shared)
        plane = _enhanced_plane(groups) if any(g is not None for g in groups) else _classic_plane(header, index, count, offsets)
        slope, intercept = _scaling(header, groups)
        result.append(Frame(file, uid, index + 1, plane, slope, intercept, header))
    return result


def _classic_plane(header: Dataset, index: int, count: int, offsets: Any) -> Plane:
    """The plane of an image, or of a frame whose offset along the normal is listed (RT Dose, PS3.3 §C.8.8.3.2)."""
    orientation = numbers(header, "ImageOrientationPatient", 6)
    position = numbers(header, "ImagePositionPatient", 3)
    spacing = numbers(header, "PixelSpacing", 2) or numbers(header, "ImagerPixelSpacing", 2)
    thickness = numbers(header, "SliceThickness", 1)
    if count > 1 and position and orientation:
        if offsets is None or len(offsets) != count:
            # Frames of a cine loop or of a volume whose spacing nobody states have no place of their own.
            return Plane(None, None, spacing, _single(thickness))
        x, y = orientation[:3], orientation[3:]
        normal = (x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0])
        offset = float(offsets[index]) - float(offsets[0])
        position = tuple(p + n * offset for p, n in zip(position, normal))
    return Plane(position, orientation, spacing, _single(thickness))


def _enhanced_plane(groups: Tuple[Optional[Dataset], Optional[Dataset]]) -> Plane:
    """The plane of a frame from its functional groups (PS3.3 §C.7.6.16)."""
    measures = group(groups, "PixelMeasuresSequence")
    position = group(groups, "PlanePositionSequence")
    orientation = group(groups, "PlaneOrientationSequence")
    return Plane(
        numbers(position, "ImagePositionPatient", 3), numbers(orientation, "ImageOrientationPatient", 6),
        numbers(measures, "PixelSpacing", 2), _single(numbers(measures, "SliceThickness", 1)))


def _scaling(header: Dataset, groups: Tuple[Optional[Dataset], Optional[Dataset]]) -> Tuple[float, float]:
    """Slope and intercept, of the frame or of the instance; Dose Grid Scaling for RT Dose."""
    source = group(groups, "PixelValueTransformationSequence")
    for candidate in (source, header):
        slope = numbers(candidate, "RescaleSlope", 1)
        if slope:
            intercept = numbers(candidate, "RescaleIntercept", 1)
            return slope[0], intercept[0] if intercept else 0.0
    dose = numbers(header, "DoseGridScaling", 1)
    return (dose[0] if dose else 1.0), 0.0


def group(groups: Tuple[Optional[Dataset], Optional[Dataset]], keyword: str) -> Optional[Dataset]:
    """The item of a functional group: per frame if present, else shared."""
    for candidate in groups:
        if candidate is not None:
            item = first(candidate.get(keyword))
            if item is not None:
                return item
    return None


def first(sequence: Any) -> Optional[Dataset]:
    """The first item of a sequence, if there is one."""
    return sequence[0] if sequence else None


def numbers(dataset: Optional[Dataset], keyword: str, count: int) -> Optional[Tuple[float, ...]]:
    """The values of an attribute as floats, or None if it is absent or empty."""
    value = dataset.get(keyword) if dataset is not None else None
    if value is None or value == "":
        return None
    try:
        values = tuple(float(v) for v in value) if hasattr(value, "__iter__") and not isinstance(value, str) else (float(value),)
    except (TypeError, ValueError):
        raise SeriesNotSuitable(f"{keyword} is not a number") from None
    if len(values) != count:
        raise SeriesNotSuitable(f"{keyword} has {len(values)} values instead of {count}")
    return values


def integer(dataset: Dataset, keyword: str, default: int) -> int:
    """The value of an attribute as int."""
    value = dataset.get(keyword)
    if value is None or value == "":
        return default
    try:
        return int(value)
    except (TypeError, ValueError):
        raise SeriesNotSuitable(f"{keyword} is not a whole number") from None


def _single(values: Optional[Tuple[float, ...]]) -> Optional[float]:
    return values[0] if values else None
