"""Multi-frame instances, colour, and compressed transfer syntaxes."""
from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import RLELossless

from conftest import axial, image
from medcloudcare.errors import SeriesNotSuitable
from medcloudcare.series import Series

VOLUME = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)


def item(**values):
    ds = Dataset()
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def enhanced(order=(2, 0, 3, 1)):
    """An enhanced MR whose frames are stored out of order."""
    ds = image(VOLUME[list(order)].reshape(-1, 6), None, None)
    ds.Rows, ds.Columns, ds.NumberOfFrames = 5, 6, 4
    del ds.PixelSpacing
    ds.SharedFunctionalGroupsSequence = Sequence([item(
        PlaneOrientationSequence=Sequence([item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])]),
        PixelMeasuresSequence=Sequence([item(PixelSpacing=[0.8, 0.9], SliceThickness=3)]))])
    ds.PerFrameFunctionalGroupsSequence = Sequence([item(
        PlanePositionSequence=Sequence([item(ImagePositionPatient=[0, 0, 3.0 * k])]),
        PixelValueTransformationSequence=Sequence([item(RescaleSlope=k + 1, RescaleIntercept=5)])) for k in order])
    return ds


def test_an_enhanced_instance_is_sorted_by_its_functional_groups(save):
    ds = enhanced()
    series = Series(save(ds))
    assert np.allclose(series.decode(), VOLUME * (np.arange(4) + 1)[:, None, None] + 5)
    assert series.geometry.spacing == pytest.approx((3, 0.8, 0.9))
    assert series.sources == [(ds.SOPInstanceUID, n) for n in (2, 4, 1, 3)]


def test_functional_groups_for_too_few_frames_are_refused(save):
    ds = enhanced()
    del ds.PerFrameFunctionalGroupsSequence[-1]
    with pytest.raises(SeriesNotSuitable, match="functional groups for 3 only"):
        Series(save(ds))


def test_a_grid_of_frame_offsets_places_the_frames(save):
    ds = image(VOLUME.reshape(-1, 6), [1, 2, 3], [1, 0, 0, 0, 1, 0])
    ds.Rows, ds.NumberOfFrames, ds.GridFrameOffsetVector = 5, 4, [0, 2.5, 5, 7.5]
    geometry = Series(save(ds)).geometry
    assert geometry.positions[:, 2].tolist() == [3, 5.5, 8, 10.5] and geometry.in_patient


def test_a_cine_loop_has_frames_but_no_place(save):
    ds = image(VOLUME.reshape(-1, 6), None, None)
    ds.Rows, ds.NumberOfFrames = 5, 4
    series = Series(save(ds))
    assert series.shape == (4, 5, 6) and not series.geometry.in_patient
    assert np.array_equal(series.decode(), VOLUME)


def test_colour_has_a_last_axis(save):
    pixels = np.random.default_rng(1).integers(0, 256, (5, 6, 3), np.uint8)
    ds = image(pixels, None, None)
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, "RGB", 0
    assert np.array_equal(Series(save(ds)).decode()[0], pixels)


def test_run_length_encoding_is_decoded(save):
    images = axial(VOLUME)
    for one in images:
        one.compress(RLELossless)
    assert np.array_equal(Series(save(*images)).decode(), VOLUME)


@pytest.mark.parametrize("compressed, plain, tolerance", [
    ("MR_small_RLE.dcm", "MR_small.dcm", 0),
    ("MR_small_jp2klossless.dcm", "MR_small.dcm", 0),
    ("MR_small_jpeg_ls_lossless.dcm", "MR_small.dcm", 0),
    ("JPEG-LL.dcm", None, 0),
])
def test_compressed_files_give_what_the_plain_ones_do(compressed, plain, tolerance):
    path = get_testdata_file(compressed, download=False)
    if path is None:
        pytest.skip(f"{compressed} is not among pydicom's installed files")
    if not any(h.is_available() and h.supports_transfer_syntax(pydicom.dcmread(path).file_meta.TransferSyntaxUID)
               for h in pydicom.config.pixel_data_handlers):
        pytest.skip("no decoder for it is installed (python3-gdcm has them all)")
    volume = Series([path]).decode()
    assert np.isfinite(volume).all() and volume.std() > 0
    if plain:
        assert np.abs(volume - Series([get_testdata_file(plain, download=False)]).decode()).max() <= tolerance


def test_headers_have_no_pixels(save):
    headers = Series(save(*axial(VOLUME))).headers
    assert len(headers) == 4 and all("PixelData" not in h and h.Modality == "MR" for h in headers)
