#!/usr/bin/python3
"""Reads segmentations and derived images with pydicom and compares them with what was to be written.

  read_back.py CASES.json

Each case: {"kind": "segmentation", "file", "voxels", "shape": [s, r, c], "dtype", "labels": [1, 3], "sources": [[uid, frame], ...],
"positions": [[x, y, z], ...] or null} or {"kind": "image", "file", "voxels" (of this slice), "shape": [r, c]}.
Prints one line for each difference; nothing means equal.
"""
import json
import sys

import numpy as np
import pydicom


def segmentation(case):
    d = pydicom.dcmread(case["file"])
    expected = np.fromfile(case["voxels"], dtype=case["dtype"]).reshape(case["shape"])
    sources = {tuple(x): i for i, x in enumerate(case["sources"])}
    frames = d.pixel_array
    if d.NumberOfFrames == 1:
        frames = frames[None]
    if len(frames) != len(d.PerFrameFunctionalGroupsSequence) or len(frames) != d.NumberOfFrames:
        yield "frame counts differ"
    read = np.zeros_like(expected)
    order = []
    for frame, groups in zip(frames, d.PerFrameFunctionalGroupsSequence):
        source = groups.DerivationImageSequence[0].SourceImageSequence[0]
        number = source.get("ReferencedFrameNumber", 1)
        k = sources[(str(source.ReferencedSOPInstanceUID), int(number))]
        segment = groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        index = list(groups.FrameContentSequence[0].DimensionIndexValues)
        order.append(index)
        if index[0] != segment:
            yield "dimension index of frame is not its segment"
        if case["positions"]:
            position = groups.PlanePositionSequence[0].ImagePositionPatient
            if not np.allclose(position, case["positions"][k], atol=1e-6):
                yield f"frame of slice {k} lies at {position}"
        if frame.any() == 0 and len(frames) > 1:
            yield "an empty frame"
        read[k][frame.astype(bool)] = case["labels"][segment - 1]
    if order != sorted(order) or len({tuple(x) for x in order}) != len(order):
        yield "frames are not in the order of their dimension indices"
    if not np.array_equal(read, expected):
        yield f"{int((read != expected).sum())} voxels differ"
    bits = len(frames) * case["shape"][1] * case["shape"][2]
    length = (bits + 7) // 8
    if len(d.PixelData) != length + length % 2:
        yield f"pixel data of {len(d.PixelData)} bytes for {bits} bits"


def image(case):
    d = pydicom.dcmread(case["file"])
    expected = np.fromfile(case["voxels"], dtype="<i2").reshape(case["shape"])
    values = d.pixel_array * float(d.get("RescaleSlope", 1)) + float(d.get("RescaleIntercept", 0))
    if not np.array_equal(values, expected):
        yield f"{int((values != expected).sum())} pixels differ"


if __name__ == "__main__":
    for case in json.load(open(sys.argv[1], encoding="utf-8")):
        for difference in (segmentation if case["kind"] == "segmentation" else image)(case):
            print(f"{case['file']}: {difference}")
