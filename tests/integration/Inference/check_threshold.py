"""Compares a DICOM SEG with the labels that the threshold model of the tests computes, voxel for voxel.

usage: check_threshold.py SEG DIRECTORY_OF_SOURCES
"""
import glob
import os
import sys

import numpy as np
import pydicom

seg = pydicom.dcmread(sys.argv[1])
sources = sorted((pydicom.dcmread(f) for f in glob.glob(os.path.join(sys.argv[2], "source-*.dcm"))),
                 key=lambda d: float(d.ImagePositionPatient[2]))
volume = np.stack([d.pixel_array for d in sources]).astype(np.float32)
expected = (volume > volume.max() / 2).astype(np.uint8)
expected[volume > volume.max() * 7 / 8] = 2

place = {d.SOPInstanceUID: i for i, d in enumerate(sources)}
found = np.zeros_like(expected)
frames = np.unpackbits(np.frombuffer(seg.PixelData, np.uint8), bitorder="little")
size = seg.Rows * seg.Columns
for i, groups in enumerate(seg.PerFrameFunctionalGroupsSequence):
    number = groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber
    uid = groups.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
    position = [float(v) for v in groups.PlanePositionSequence[0].ImagePositionPatient]
    source = sources[place[uid]]
    assert position == [float(v) for v in source.ImagePositionPatient], "frame %d lies elsewhere than its source" % (i + 1)
    frame = frames[i * size:(i + 1) * size].reshape(seg.Rows, seg.Columns)
    assert not (found[place[uid]][frame == 1]).any(), "segments overlap"
    found[place[uid]][frame == 1] = number
assert np.array_equal(found, expected), "%d voxels differ" % np.count_nonzero(found != expected)
assert seg.PatientID == sources[0].PatientID and seg.StudyInstanceUID == sources[0].StudyInstanceUID
assert seg.FrameOfReferenceUID == sources[0].FrameOfReferenceUID
assert [s.SegmentLabel for s in seg.SegmentSequence] == ["Bright", "Brightest"]
