"""Results validate themselves in words a researcher understands."""
from __future__ import annotations

import numpy as np
import pytest

from medcloudcare import (Classification, Code, Detections, Finding, Localisation, Measurement, Measurements, ProcessedSeries, Region,
                          RegisteredSeries, ResultInvalid, Segment, Segmentation)

SHAPE = (3, 4, 5)
ONE = [Segment(1, "One")]


def labels(value=0, dtype=np.int64):
    array = np.zeros(SHAPE, dtype)
    array[1, 2, 3] = value
    return array


@pytest.mark.parametrize("make, says", [
    (lambda: Segmentation(np.zeros((4, 5)), ONE), r"has the shape \(4, 5\), the volume \(3, 4, 5\)"),
    (lambda: Segmentation(labels(2), ONE), "labels holds 2, but the segments are 1"),
    (lambda: Segmentation(labels(-1), ONE), "negative label -1"),
    (lambda: Segmentation(labels(70_000), ONE), "labels go up to 65535"),
    (lambda: Segmentation(labels(0.5, float), ONE), "must be whole numbers"),
    (lambda: Segmentation(labels(np.nan, float), ONE), "1 values that are NaN or infinite"),
    (lambda: Segmentation(labels(), []), "name at least one Segment"),
    (lambda: Segmentation(labels(), ["One"]), "must hold Segment objects, not str"),
    (lambda: Segmentation(labels(), ONE + [Segment(1, "Again")]), "two segments have the number 1"),
    (lambda: Segmentation(np.full(SHAPE, "x"), ONE), "must be an array of numbers"),
    (lambda: Segmentation(labels(), [Segment(0, "Zero")]), "1 to 65535"),
    (lambda: Segmentation(labels(), [Segment(1, "")]), "not empty"),
    (lambda: Segmentation(labels(), [Segment(1, "x" * 65)]), "at most 64"),
    (lambda: Segmentation(labels(), [Segment(1, "a\\b")]), "backslash"),
    (lambda: Segmentation(labels(), [Segment(1, "One", (300, 0, 0))]), "0 to 255"),
    (lambda: Segmentation(labels(), [Segment(1, "One", category="Tissue")]), "must be a Code"),
    (lambda: Segmentation(labels(), [Segment(1, "One", type=Code("x" * 17, "SCT", "X"))]), "at most 16"),
    (lambda: ProcessedSeries(labels(40_000)), "stored as int16"),
    (lambda: ProcessedSeries(labels(np.inf, float)), "NaN or infinite"),
    (lambda: RegisteredSeries(np.zeros((1, 1, 1))), "RegisteredSeries.volume has the shape"),
    (lambda: Detections([Region.box("A", 3, 0, 0, 1, 1)]), "slices 0 to 2"),
    (lambda: Detections([Region.box("A", 0, 0, 0, 9, 1)]), "outside the image of 5 columns and 4 rows"),
    (lambda: Detections([Region.point("A", 0, 1, 1, score=1.5)]), "0 to 1, not 1.5"),
    (lambda: Detections([Region("A", 0, [])]), r"pairs of \(column, row\)"),
    (lambda: Detections([Region("A", 0, [(1, float("nan"))])]), "NaN or infinity"),
    (lambda: Detections(["A"]), "must hold Region objects"),
    (lambda: Localisation([Region("A", 0, [(0, 0), (1, 0), (1, 1)])]), "is a polygon"),
    (lambda: Classification([Finding("A", -0.1)]), "0 to 1"),
    (lambda: Classification([Finding("A", float("nan"))]), "is nan"),
    (lambda: Measurements([Measurement("A", "12")]), "must be a number"),
    (lambda: Measurements([12]), "must hold Measurement objects"),
])
def test_what_is_wrong_is_said(make, says):
    with pytest.raises(ResultInvalid, match=says):
        make().validate(SHAPE)


@pytest.mark.parametrize("array, dtype", [
    (labels(1) > 0, np.uint8), (labels(1, np.float32), np.uint8), (labels(1, np.int64), np.uint8), (labels(0), np.uint8)])
def test_labels_of_any_kind_become_the_smallest_type(array, dtype):
    result = Segmentation(array, ONE).validate(SHAPE)
    assert result.labels.dtype == dtype and np.array_equal(result.labels, array)


def test_numbers_beyond_a_byte_take_two(tmp_path):
    result = Segmentation(labels(300), [Segment(300, "Many")]).validate(SHAPE)
    assert result.labels.dtype == np.uint16 and result.labels[1, 2, 3] == 300


def test_an_empty_result_is_valid():
    Segmentation(labels(), ONE).validate(SHAPE)
    Detections([]).validate(SHAPE)
    Classification([]).validate(SHAPE)
    Measurements([]).validate(SHAPE)


def test_the_edges_of_the_image_are_inside():
    Detections([Region.box("All", 2, 0, 0, 4, 5), Region.polygon("Corner", 0, [(0, 0), (5, 0), (5, 4)])]).validate(SHAPE)


def test_colours_may_be_written_either_way():
    assert Segment(1, "A", 0x102030).rgb() == Segment(1, "A", (0x10, 0x20, 0x30)).rgb() == 0x102030
    assert Segment(1, "A").rgb() != Segment(2, "B").rgb()
