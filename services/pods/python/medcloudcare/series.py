"""A series as a volume: reads the headers of its instances, sorts their frames and decodes the pixels on demand."""
from __future__ import annotations

from typing import Callable, Dict, List, Sequence, Tuple

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from .decoding import decode_frames
from .errors import SeriesNotSuitable
from .frames import Frame, frames_of, integer
from .geometry import Geometry, arrange

#: Elements larger than this are left in the file until they are asked for; pixel data always is.
DEFER_BYTES = 4096
#: Bound on the decoded volume (4 bytes a value): 2 GiB. The pod's memory limit usually comes first.
MAX_VALUES = 1 << 29

_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


class Series:
    """The sorted frames of a series. Raises SeriesNotSuitable with the reason if they do not make a volume."""

    def __init__(self, files: Sequence[str]) -> None:
        if not files:
            raise SeriesNotSuitable("the series has no instances")
        self.files = list(files)
        headers = [_header(path, index) for index, path in enumerate(files)]
        _one_of_each(headers)
        frames = [frame for index, header in enumerate(headers) for frame in frames_of(header, index)]
        frames.sort(key=lambda f: (integer(f.header, "InstanceNumber", 0), f.uid, f.number))
        self._layout = _layout(headers)
        order, self.geometry = arrange([f.plane for f in frames])
        self.frames: List[Frame] = [frames[i] for i in order]
        rows, columns, samples = self._layout
        if len(self.frames) * rows * columns * samples > MAX_VALUES:
            raise SeriesNotSuitable(f"the volume of {len(self.frames)} slices of {columns} × {rows} is too large")

    geometry: Geometry

    @property
    def shape(self) -> Tuple[int, int, int]:
        """Slices, rows, columns."""
        return len(self.frames), self._layout[0], self._layout[1]

    @property
    def headers(self) -> List[Dataset]:
        """The data set of each slice, without pixel data."""
        return [f.header for f in self.frames]

    @property
    def sources(self) -> List[Tuple[str, int]]:
        """(SOP Instance UID, frame from 1) of each slice."""
        return [(f.uid, f.number) for f in self.frames]

    def decode(self, progress: Callable[[float], None] = lambda _: None) -> np.ndarray:
        """float32 (slices, rows, columns), rescaled; colour has a last axis of red, green, blue."""
        samples = self._layout[2]
        volume = np.empty(self.shape + ((samples,) if samples > 1 else ()), np.float32)
        wanted: Dict[int, List[Tuple[int, Frame]]] = {}
        for index, frame in enumerate(self.frames):
            wanted.setdefault(frame.file, []).append((index, frame))
        for done, (file, places) in enumerate(wanted.items()):
            stored = decode_frames(self.files[file])
            for index, frame in places:
                if frame.number > len(stored) or stored[frame.number - 1].shape != volume.shape[1:]:
                    raise SeriesNotSuitable(f"the pixel data of instance {frame.uid} has another size than its header says")
                np.multiply(stored[frame.number - 1], np.float32(frame.slope), out=volume[index], casting="unsafe")
                if frame.intercept:
                    volume[index] += np.float32(frame.intercept)
            progress((done + 1) / len(wanted))
        return volume


def _header(path: str, index: int) -> Dataset:
    """The data set of a file without its pixel data."""
    try:
        header = pydicom.dcmread(path, defer_size=DEFER_BYTES, force=True)
        present = [keyword for keyword in _PIXELS if keyword in header]
        for keyword in present:
            del header[keyword]
        uid = str(header.get("SOPInstanceUID", ""))
    except SeriesNotSuitable:
        raise
    except Exception as error:  # pydicom raises whatever its parser stumbles over
        raise SeriesNotSuitable(f"instance {index + 1} cannot be read: {type(error).__name__}: {error}") from error
    if not uid:
        raise SeriesNotSuitable(f"instance {index + 1} has no SOP Instance UID")
    if not present:
        raise SeriesNotSuitable(f"instance {uid} has no pixel data ({header.get('Modality', 'no modality')})")
    return header


def _one_of_each(headers: Sequence[Dataset]) -> None:
    """Refuses a series in which an instance occurs twice."""
    seen = set()
    for header in headers:
        uid = str(header.SOPInstanceUID)
        if uid in seen:
            raise SeriesNotSuitable(f"instance {uid} occurs twice")
        seen.add(uid)


def _layout(headers: Sequence[Dataset]) -> Tuple[int, int, int]:
    """Rows, columns and values per pixel, the same for all instances."""
    layouts: Dict[Tuple[int, int, int], int] = {}
    for header in headers:
        palette = str(header.get("PhotometricInterpretation", "")).strip() == "PALETTE COLOR"
        samples = 3 if palette else integer(header, "SamplesPerPixel", 1)
        layout = (integer(header, "Rows", 0), integer(header, "Columns", 0), samples)
        layouts[layout] = layouts.get(layout, 0) + 1
    if len(layouts) > 1:
        listed = ", ".join(f"{n} of {c} × {r}" + (" in colour" if s > 1 else "") for (r, c, s), n in layouts.items())
        raise SeriesNotSuitable(f"the images differ in size: {listed}")
    rows, columns, samples = next(iter(layouts))
    if rows <= 0 or columns <= 0 or samples not in (1, 3):
        raise SeriesNotSuitable(f"images of {columns} × {rows} with {samples} values per pixel cannot be read")
    return rows, columns, samples
