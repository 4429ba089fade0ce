#!/usr/bin/python3
"""Makes a DICOM series (MR Image Storage, axial) from a NIfTI-1 volume.

    make_demo_series.py VOLUME.nii.gz DIRECTORY

The geometry is kept: voxel (i, j, k) of the file lies at the same place in the patient. UIDs follow from the data, so that
the same volume always gives the same files.
"""

import gzip
import hashlib
import pathlib
import struct
import sys
import uuid

import numpy as np
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

MR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.4"
# Codes of datatype in nifti1.h, for the integers that fit into 16 bits without loss.
DATA_TYPES = {2: "u1", 4: "i2", 512: "u2", 256: "i1"}
MAXIMUM_VOXELS = 1 << 28


def read_nifti(path):
    """The voxels as [i, j, k], and the 4x4 matrix from voxel indices to millimetres, x to the right, y anterior, z superior."""
    content = gzip.decompress(path.read_bytes())
    order = "<" if struct.unpack_from("<i", content, 0)[0] == 348 else ">"
    if struct.unpack_from(order + "i", content, 0)[0] != 348 or content[344:347] != b"n+1":
        raise SystemExit(f"{path} is not a single-file NIfTI-1 volume")
    dim = struct.unpack_from(order + "8h", content, 40)
    data_type = struct.unpack_from(order + "h", content, 70)[0]
    offset = int(struct.unpack_from(order + "f", content, 108)[0])
    shape = dim[1:4]
    if dim[0] < 3 or any(n != 1 for n in dim[4:dim[0] + 1]) or min(shape) < 1 or np.prod(shape, dtype=np.int64) > MAXIMUM_VOXELS:
        raise SystemExit(f"{path}: the shape {dim[1:dim[0] + 1]} is not that of one volume")
    if data_type not in DATA_TYPES:
        raise SystemExit(f"{path}: data type {data_type} does not fit into 16 bits")
    count = int(np.prod(shape))
    voxels = np.frombuffer(content, np.dtype(DATA_TYPES[data_type]).newbyteorder(order), count, offset).reshape(shape, order="F")
    return voxels, affine(content, order)


def affine(content, order):
    """The matrix of the sform where there is one, of the qform otherwise (nifti1.h, methods 3 and 2)."""
    qform, sform = struct.unpack_from(order + "2h", content, 252)
    if sform > 0:
        return np.vstack([np.reshape(struct.unpack_from(order + "12f", content, 280), (3, 4)), [0, 0, 0, 1]])
    if qform <= 0:
        raise SystemExit("the volume does not say where it lies")
    pixdim = struct.unpack_from(order + "8f", content, 76)
    b, c, d, x, y, z = struct.unpack_from(order + "6f", content, 256)
    a = np.sqrt(max(0.0, 1 - b * b - c * c - d * d))
    rotation = np.array([
        [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
        [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
        [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c]])
    scale = np.array([pixdim[1], pixdim[2], pixdim[3] * (-1 if pixdim[0] < 0 else 1)])
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * scale
    matrix[:3, 3] = x, y, z
    return matrix


def to_patient(voxels, matrix):
    """Turns the axes so that i runs to the left, j to the back and k upwards, in DICOM's patient coordinates (PS3.3 C.7.6.2)."""
    matrix = np.diag([-1.0, -1, 1, 1]) @ matrix
    if [int(np.argmax(np.abs(matrix[:3, axis]))) for axis in range(3)] != [0, 1, 2]:
        raise SystemExit("the volume's slices are not axial")
    for axis in range(3):
        if matrix[axis, axis] < 0:
            voxels = np.flip(voxels, axis)
            matrix[:3, 3] += matrix[:3, axis] * (voxels.shape[axis] - 1)
            matrix[:3, axis] *= -1
    return voxels, matrix


def decimal(value):
    """A decimal string of at most 16 characters (PS3.5 DS)."""
    return f"{value:.6f}".rstrip("0").rstrip(".") or "0"


def common_attributes(spacing, cosines, uid):
    return {
        "SpecificCharacterSet": "ISO_IR 192", "ImageType": ["DERIVED", "SECONDARY", "OTHER"], "SOPClassUID": MR_IMAGE_STORAGE,
        "StudyDate": "20240115", "SeriesDate": "20240115", "ContentDate": "20240115", "StudyTime": "101500", "SeriesTime": "102000",
        "ContentTime": "102000", "AccessionNumber": "DEMO-0001", "Modality": "MR", "Manufacturer": "MedCloudCare demo",
        "InstitutionName": "Demo Hospital", "ReferringPhysicianName": "Demo^Referrer", "StudyDescription": "Brain MR (demo)",
        "SeriesDescription": "T1 3D 1 mm", "PatientName": "Demo^Brain", "PatientID": "DEMO-0001", "PatientBirthDate": "19700101",
        "PatientSex": "O", "BodyPartExamined": "BRAIN", "ScanningSequence": "GR", "SequenceVariant": "SP", "ScanOptions": "",
        "MRAcquisitionType": "3D", "SliceThickness": decimal(spacing[2]), "RepetitionTime": "", "EchoTime": "", "EchoTrainLength": "",
        "SpacingBetweenSlices": decimal(spacing[2]), "PatientPosition": "HFS", "StudyInstanceUID": uid("study"),
        "SeriesInstanceUID": uid("series"), "StudyID": "1", "SeriesNumber": "1", "AcquisitionNumber": "1",
        "FrameOfReferenceUID": uid("frame"), "PositionReferenceIndicator": "", "ImageOrientationPatient": [decimal(v) for v in cosines],
        "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2", "PixelSpacing": [decimal(spacing[1]), decimal(spacing[0])],
        "BitsAllocated": 16, "BitsStored": 12, "HighBit": 11, "PixelRepresentation": 0,
    }


def main():
    source, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    voxels, matrix = to_patient(*read_nifti(source))
    if voxels.min() < 0 or voxels.max() > 4095:
        raise SystemExit("the intensities do not fit into 12 bits")
    digest = hashlib.sha256(voxels.tobytes() + matrix.tobytes()).hexdigest()

    def uid(part):
        return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, f'medcloudcare/demo/{digest}/{part}').int}"

    spacing = np.linalg.norm(matrix[:3, :3], axis=0)
    axes = matrix[:3, :3] / spacing
    common = common_attributes(spacing, [*axes[:, 0], *axes[:, 1]], uid)
    window = int(np.percentile(voxels[voxels > 0], 99.5))
    target.mkdir(parents=True, exist_ok=True)
    for k in range(voxels.shape[2]):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = MR_IMAGE_STORAGE, uid(f"slice/{k}")
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        path = target / f"{k + 1:04d}.dcm"
        image = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
        for keyword, value in common.items():
            setattr(image, keyword, value)
        image.is_little_endian, image.is_implicit_VR = True, False
        image.SOPInstanceUID, image.InstanceNumber = meta.MediaStorageSOPInstanceUID, str(k + 1)
        position = matrix[:3, 3] + matrix[:3, 2] * k
        image.ImagePositionPatient, image.SliceLocation = [decimal(v) for v in position], decimal(position[2])
        pixels = np.ascontiguousarray(voxels[:, :, k].T.astype("<u2"))
        image.Rows, image.Columns = pixels.shape
        image.WindowCenter, image.WindowWidth = str(window // 2), str(window)
        image.PixelData = pixels.tobytes()
        image.save_as(str(path), write_like_original=False)


if __name__ == "__main__":
    main()
