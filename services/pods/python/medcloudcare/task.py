"""What ``run`` is given."""
from __future__ import annotations

from typing import Callable, List, Optional, Sequence, Tuple

import numpy as np
from pydicom.dataset import Dataset

from .errors import Cancelled
from .geometry import Geometry
from .series import Series


class InferTask:
    """One series to compute on. Slices are sorted by their position along the normal of the images.

    The pixels are decoded when :attr:`volume` is first read: a model that needs only headers does not pay for them.
    """

    def __init__(self, job: str, series: Series, files: str, report: Callable[[float, str], None],
                 log: Callable[[str], None], cancelled: Callable[[], bool]) -> None:
        self._series = series
        self._report = report
        self._log = log
        self._cancelled = cancelled
        self._volume: Optional[np.ndarray] = None
        #: Identifier of the job, for logs.
        self.job = job
        #: Directory of the model's own files (``main.py``, weights).
        self.files = files

    @property
    def volume(self) -> np.ndarray:
        """float32 (slices, rows, columns) in rescaled units (Hounsfield units for CT); colour images have a last axis of
        red, green, blue. Raises :class:`SeriesNotSuitable` if the pixels cannot be decoded."""
        if self._volume is None:
            self._volume = self._series.decode()
        return self._volume

    @property
    def shape(self) -> Tuple[int, int, int]:
        """Slices, rows, columns; known without decoding."""
        return self._series.shape

    @property
    def geometry(self) -> Geometry:
        """Spacing, origin, directions and the affine of the volume."""
        return self._series.geometry

    @property
    def headers(self) -> Sequence[Dataset]:
        """The data set of each slice, without pixel data (the same object for all frames of a multi-frame instance)."""
        return self._series.headers

    @property
    def sources(self) -> List[Tuple[str, int]]:
        """(SOP Instance UID, frame from 1) of each slice."""
        return self._series.sources

    @property
    def modality(self) -> str:
        """Modality (0008,0060) of the series."""
        return str(self._series.headers[0].get("Modality", ""))

    @property
    def cancelled(self) -> bool:
        """Whether the job was cancelled. The computation is ended anyway; a model may look to tidy up first."""
        return self._cancelled()

    def progress(self, fraction: float, message: str = "") -> None:
        """Reports how far the computation is (0 to 1), with at most 200 characters for the user."""
        if self._cancelled():
            raise Cancelled("the job was cancelled")
        self._report(min(1.0, max(0.0, float(fraction))), str(message)[:200])

    def log(self, *values: object) -> None:
        """Writes a line for the researcher. Never log patient data."""
        self._log(" ".join(str(v) for v in values))
