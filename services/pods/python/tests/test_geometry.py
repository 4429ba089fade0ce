"""Sorting and geometry, against the affine that nibabel-style conventions expect."""
from __future__ import annotations

import itertools

import numpy as np
import pytest

from conftest import axial, image
from medcloudcare.errors import SeriesNotSuitable
from medcloudcare.series import Series

VOLUME = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)


def oblique(volume, spacing=(2.5, 0.7, 0.9), seed=1, shear=0.0):
    """Images of a volume in an arbitrary orientation, and the affine (slice, row, column) → LPS."""
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    columns, rows = rotation[:, 0], rotation[:, 1]
    step = np.cross(columns, rows) * spacing[0] + rows * shear
    origin = np.array([-31.5, 12.25, 77.0])
    affine = np.eye(4)
    affine[:3, :3] = np.stack([step, rows * spacing[1], columns * spacing[2]], axis=1)
    affine[:3, 3] = origin
    images = [image(plane, origin + step * k, [*columns, *rows], k + 1, [spacing[1], spacing[2]]) for k, plane in enumerate(volume)]
    return images, affine


@pytest.mark.parametrize("seed", range(8))
def test_an_oblique_series_in_any_file_order_gives_the_same_volume_and_affine(save, seed):
    images, affine = oblique(VOLUME, seed=seed)
    np.random.default_rng(seed).shuffle(images)
    series = Series(save(*images))
    assert np.array_equal(series.decode(), VOLUME)
    assert np.allclose(series.geometry.affine, affine, atol=1e-4)
    assert np.allclose(series.geometry.spacing, (2.5, 0.7, 0.9), atol=1e-5)
    assert series.geometry.regular and series.geometry.in_patient and series.geometry.right_handed


def test_instance_numbers_against_the_normal_do_not_turn_the_volume(save):
    images, affine = oblique(VOLUME)
    for number, one in enumerate(reversed(images), start=1):
        one.InstanceNumber = number
    series = Series(save(*images))
    assert np.array_equal(series.decode(), VOLUME)
    assert [int(h.InstanceNumber) for h in series.headers] == [4, 3, 2, 1]
    assert np.allclose(series.geometry.affine, affine, atol=1e-4)


@pytest.mark.parametrize("columns, rows", [p for p in itertools.permutations([(1, 0, 0), (0, 1, 0), (0, 0, 1)], 2)])
def test_every_plane_is_right_handed(save, columns, rows):
    normal = np.cross(columns, rows)
    images = [image(p, list(normal * 3.0 * (4 - k)), [*columns, *rows], k + 1) for k, p in enumerate(VOLUME)]
    series = Series(save(*images))
    assert series.geometry.right_handed and np.linalg.det(series.geometry.affine[:3, [2, 1, 0]]) > 0
    assert np.array_equal(series.decode(), VOLUME[::-1])


def test_a_tilted_gantry_shears_the_affine(save):
    images, affine = oblique(VOLUME, shear=0.8)
    series = Series(save(*images))
    assert np.allclose(series.geometry.affine, affine, atol=1e-4) and series.geometry.regular


def test_the_ras_affine_is_what_nibabel_uses(save):
    images, affine = oblique(VOLUME)
    assert np.allclose(Series(save(*images)).geometry.affine_ras, np.diag([-1, -1, 1, 1]) @ affine, atol=1e-4)


def test_a_missing_slice_makes_the_spacing_irregular_and_the_positions_tell(save):
    images = axial(VOLUME)
    del images[2]
    geometry = Series(save(*images)).geometry
    assert not geometry.regular
    assert geometry.positions[:, 2].tolist() == [0, 2, 6]


def test_rescaled_units_use_each_slices_own_slope(save):
    images = axial(VOLUME)
    for k, one in enumerate(images):
        one.RescaleSlope, one.RescaleIntercept = 0.5 + k, -10
    expected = VOLUME * (0.5 + np.arange(4))[:, None, None] - 10
    volume = Series(save(*images)).decode()
    assert volume.dtype == np.float32 and np.allclose(volume, expected)


def test_images_without_a_place_are_ordered_by_number(save):
    images = [image(p, None, None, 9 - k, [0.2, 0.3]) for k, p in enumerate(VOLUME)]
    series = Series(save(*images))
    assert np.array_equal(series.decode(), VOLUME[::-1])
    assert not series.geometry.in_patient and series.geometry.spacing[1:] == (0.2, 0.3)


def changed(index, **values):
    def change(images):
        for keyword, value in values.items():
            setattr(images[index], keyword, value)
        return images
    return change


@pytest.mark.parametrize("change, reason", [
    (lambda images: images + [axial(VOLUME)[1]], "share a position"),
    (lambda images: images + [images[0]], "occurs twice"),
    (changed(1, ImageOrientationPatient=[0, 1, 0, 0, 0, 1]), "different orientations"),
    (changed(1, PixelSpacing=[1.0, 1.5]), "different pixel spacings"),
    (changed(1, PixelSpacing=None), "no pixel spacing"),
    (changed(1, ImagePositionPatient=None), "do not state their position"),
    (changed(0, ImageOrientationPatient=[1, 0, 0, 1, 0, 0]), "orientations"),
    (lambda images: images[:3] + [image(np.zeros((3, 3), np.int16), [0, 0, 9], [1, 0, 0, 0, 1, 0])], "differ in size: 3 of 6 × 5, 1 of 3 × 3"),
    (lambda images: [], "no instances"),
])
def test_a_series_that_is_no_volume_is_refused_with_the_reason(save, change, reason):
    with pytest.raises(SeriesNotSuitable, match=reason):
        Series(save(*change(axial(VOLUME))))


def test_an_instance_without_pixels_is_refused(save):
    images = axial(VOLUME)
    del images[1].PixelData
    with pytest.raises(SeriesNotSuitable, match="has no pixel data"):
        Series(save(*images))


def test_cut_off_pixels_are_refused_when_decoded(save):
    images = axial(VOLUME)
    images[1].PixelData = images[1].PixelData[:-20]
    series = Series(save(*images))
    with pytest.raises(SeriesNotSuitable, match="cannot be decoded"):
        series.decode()
