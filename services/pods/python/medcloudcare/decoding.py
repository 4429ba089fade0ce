"""Pixel data of one file as an array, through whichever of pydicom's decoders is installed (RLE, Pillow, GDCM)."""
from __future__ import annotations

import numpy as np
import pydicom
from pydicom.dataset import FileDataset
from pydicom.pixel_data_handlers.util import apply_color_lut, convert_color_space
from pydicom.uid import ImplicitVRLittleEndian

from .errors import SeriesNotSuitable


def decode_frames(path: str) -> np.ndarray:
    """Stored values as (frames, rows, columns) or, in colour, (frames, rows, columns, 3) in RGB."""
    dataset = pydicom.dcmread(path, force=True)
    if "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    syntax = dataset.file_meta.TransferSyntaxUID
    try:
        pixels = _decode(dataset)
    except SeriesNotSuitable:
        raise
    except MemoryError:
        raise
    except Exception as error:  # each decoder raises its own kinds
        uid = dataset.get("SOPInstanceUID", "")
        raise SeriesNotSuitable(f"the pixel data of instance {uid} ({syntax.name}) cannot be decoded: "
                                f"{type(error).__name__}: {error}") from error
    colour = pixels.ndim > 2 and pixels.shape[-1] == 3 and (_samples(dataset) == 3)
    frames = pixels if pixels.ndim == (4 if colour else 3) else pixels[np.newaxis]
    return frames


def _decode(dataset: FileDataset) -> np.ndarray:
    """The array that pydicom makes, in RGB if it has colour."""
    photometric = str(dataset.get("PhotometricInterpretation", "")).strip()
    pixels = dataset.pixel_array
    if photometric == "PALETTE COLOR":
        coloured = apply_color_lut(pixels, dataset)
        return coloured
    # The JPEG 2000 colour transforms are undone by their decoders; JPEG's YBR is not always, and RLE's never.
    if photometric in ("YBR_FULL", "YBR_FULL_422") and _samples(dataset) == 3 and not _decoder_made_rgb(dataset):
        return convert_color_space(pixels, "YBR_FULL", "RGB", per_frame=True)
    return pixels


def _decoder_made_rgb(dataset: FileDataset) -> bool:
    """Whether the decoder has already converted to RGB; pydicom notes it by changing the attribute."""
    return str(dataset.PhotometricInterpretation).strip() == "RGB"


def _samples(dataset: FileDataset) -> int:
    palette = str(dataset.get("PhotometricInterpretation", "")).strip() == "PALETTE COLOR"
    return 3 if palette else int(dataset.get("SamplesPerPixel", 1) or 1)
