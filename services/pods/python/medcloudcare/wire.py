"""Results as ``medcloudcare.pod.v1.Result`` and the voxels that follow it."""
from __future__ import annotations

from typing import Any, Dict, Optional, Sequence, Tuple, Type

import numpy as np

from .application import InferType
from .codes import Code
from .contract import Contract
from .errors import ResultInvalid
from .regions import Classification, Detections, Localisation
from .results import Measurements, ProcessedSeries, RegisteredSeries, Segmentation
from .series import Series

ALLOWED: Dict[InferType, Tuple[Type[Any], ...]] = {
    InferType.SEGMENTATION: (Segmentation,),
    InferType.DETECTION: (Detections,),
    InferType.CLASSIFICATION: (Classification,),
    InferType.LOCALISATION: (Localisation,),
    InferType.REGISTRATION: (RegisteredSeries,),
    InferType.PROCESSING: (ProcessedSeries, Measurements),
}


def encode(contract: Contract, infer_type: InferType, result: Any, series: Series) -> Tuple[Any, Optional[np.ndarray]]:
    """The Result message and its voxels (C order, little endian), after validating that the result fits type and volume."""
    allowed = ALLOWED[infer_type]
    if type(result) not in allowed:
        names = " or ".join(kind.__name__ for kind in allowed)
        raise ResultInvalid(f"run returned {type(result).__name__}; a model of type {infer_type.value} returns {names}")
    result.validate(series.shape)
    message = contract.Result()
    if isinstance(result, Segmentation):
        return message, _segmentation(message.segmentation, result, series)
    if isinstance(result, ProcessedSeries):
        _grid(message.image_series, result.volume, series.sources)
        message.image_series.description = result.description
        return message, result.volume
    if isinstance(result, Detections):
        _detections(message.detections, result, series)
    elif isinstance(result, Classification):
        message.classification.SetInParent()
        for finding in result.findings:
            entry = message.classification.findings.add(label=finding.label, probability=float(finding.probability))
            _code(entry.code, finding.code)
    else:
        message.measurements.SetInParent()
        for measurement in result.measurements:
            entry = message.measurements.measurements.add(
                label=measurement.label, value=float(measurement.value), unit=measurement.unit)
            _code(entry.code, measurement.code)
    return message, None


def _segmentation(message: Any, result: Segmentation, series: Series) -> np.ndarray:
    _grid(message, result.labels, series.sources)
    message.bytes_per_voxel = result.labels.dtype.itemsize
    for segment in result.segments:
        entry = message.segments.add(number=int(segment.number), label=segment.label, rgb=segment.rgb())
        _code(entry.category, segment.category)
        # Without a code of its own the property is named by the researcher's label, in the local scheme.
        _code(entry.type, segment.type or Code(f"S{segment.number}", "99MCC", segment.label))
    return result.labels.astype(result.labels.dtype.newbyteorder("<"), copy=False)


def _detections(message: Any, result: Detections, series: Series) -> None:
    message.SetInParent()
    for index, region in enumerate(result.regions):
        uid, frame = series.sources[region.slice]
        entry = message.regions.add(label=region.label, score=float(region.score), source_sop_instance_uid=uid,
                                    source_frame=frame, points=region.validate(series.shape, f"region {index}"))
        _code(entry.code, region.code)


def _grid(message: Any, array: np.ndarray, sources: Sequence[Tuple[str, int]]) -> None:
    message.slices, message.rows, message.columns = array.shape
    message.source_sop_instance_uids.extend(uid for uid, _ in sources)
    message.source_frames.extend(frame for _, frame in sources)


def _code(message: Any, code: Optional[Code]) -> None:
    if code is not None:
        message.value, message.scheme, message.meaning = code.value, code.scheme, code.meaning
