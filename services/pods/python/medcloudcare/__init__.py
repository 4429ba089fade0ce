"""MedCloudCare's Python SDK: what a model's ``main.py`` needs, and nothing else.

A model is one subclass of :class:`Application` that says its :class:`InferType` and turns an :class:`InferTask` into the
result class of that type::

    from medcloudcare import Application, InferTask, InferType, Segment, Segmentation

    class Threshold(Application):
        infer_type = InferType.SEGMENTATION

        def run(self, task: InferTask) -> Segmentation:
            return Segmentation(task.volume > 100, [Segment(1, "Bright tissue")])
"""
from .application import Application, InferType
from .codes import Code
from .errors import Cancelled, ResultInvalid, SeriesNotSuitable
from .geometry import Geometry
from .regions import Classification, Detections, Finding, Localisation, Region
from .results import Measurement, Measurements, ProcessedSeries, RegisteredSeries, Segment, Segmentation
from .task import InferTask

__all__ = [
    "Application", "Cancelled", "Classification", "Code", "Detections", "Finding", "Geometry", "InferTask", "InferType",
    "Localisation", "Measurement", "Measurements", "ProcessedSeries", "Region", "RegisteredSeries", "ResultInvalid",
    "Segment", "Segmentation", "SeriesNotSuitable",
]
