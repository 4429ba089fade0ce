"""What pydicom, GDCM and numpy make of pixels: references that share nothing with our codec.

decode OUT FILE...   each frame's samples to OUT/NAME.FRAME.raw (little endian, by pixel), one JSON line a file
wrap FILE            reads frames that were encoded elsewhere and writes what they decode to: see wrap()
compare FILE...      pairs of a file and its transcoded copy: one JSON line a pair, with what differs
display OUT FILE...  each image's first frame as it is shown, grey or RGB of 8 bits, to OUT/NAME.raw
"""
import json
import os
import sys
import warnings

import numpy
import pydicom
from pydicom.encaps import encapsulate
from pydicom.pixel_data_handlers.util import apply_color_lut, apply_modality_lut, convert_color_space
from pydicom.uid import UID

warnings.simplefilter("ignore")


def read(path):
    dataset = pydicom.dcmread(path, force=True)
    if not hasattr(dataset.file_meta, "TransferSyntaxUID"):
        dataset.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2" if dataset.is_implicit_VR else "1.2.840.10008.1.2.1")
    return dataset


def samples(dataset):
    """Frames × rows × columns × samples, as the decoder gives them."""
    array = dataset.pixel_array
    frames = int(getattr(dataset, "NumberOfFrames", 1) or 1)
    return array.reshape(frames, dataset.Rows, dataset.Columns, dataset.SamplesPerPixel)


def decode(out, paths):
    for path in paths:
        try:
            dataset = read(path)
            before = dataset.PhotometricInterpretation
            array = samples(dataset)
            lossy = dataset.file_meta.TransferSyntaxUID in ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")
            if lossy and before.startswith("YBR"):
                array = convert_color_space(array, "YBR_FULL", "RGB")
        except Exception as error:
            print(json.dumps({"path": path, "error": str(error)[:200]}))
            continue
        for number, frame in enumerate(array):
            frame.astype(frame.dtype.newbyteorder("<")).tofile(os.path.join(out, f"{os.path.basename(path)}.{number}.raw"))
        print(json.dumps({
            "path": path, "frames": len(array), "bytes": array.dtype.itemsize, "signed": array.dtype.kind == "i",
            "before": before, "photometric": dataset.PhotometricInterpretation,
        }))


def wrap(path):
    """FILE holds JSON: syntax, the attributes of the image, and frames as files; prints the file that numpy decoded them to."""
    with open(path) as file:
        wanted = json.load(file)
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(wanted["syntax"])
    dataset.is_little_endian, dataset.is_implicit_VR = True, False
    for name, value in wanted["attributes"].items():
        setattr(dataset, name, value)
    frames = [open(name, "rb").read() for name in wanted["frames"]]
    dataset.NumberOfFrames = len(frames)
    dataset.PixelData = encapsulate(frames)
    dataset["PixelData"].is_undefined_length = True
    array = samples(dataset)
    array.astype(array.dtype.newbyteorder("<")).tofile(path + ".raw")


EDITED = {0x00280004, 0x00280006, 0x00282110, 0x00282112, 0x00282114, 0x7FE00010, 0x7FE00001, 0x7FE00002}


def to_rgb(dataset, array):
    return convert_color_space(array, "YBR_FULL", "RGB") if dataset.PhotometricInterpretation.startswith("YBR_FULL") else array


def unpadded(value):
    """Values of odd length, which some files have, are made even."""
    return value.rstrip(b"\0 ") if isinstance(value, bytes) else value


def attributes_differ(one, other, big_endian):
    for element in one:
        if element.tag in EDITED or element.tag.element == 0:
            continue
        copy = other.get(element.tag)
        if copy is None:
            return f"{element.tag} is missing"
        if element.VR == "SQ":
            if len(element.value) != len(copy.value):
                return f"{element.tag} has other items"
            for item, item_copy in zip(element.value, copy.value):
                if why := attributes_differ(item, item_copy, big_endian):
                    return why
        elif unpadded(element.value) != unpadded(copy.value) and not (big_endian and element.VR in ("OW", "OB or OW", "UN")):
            return f"{element.tag} {element.VR} is {copy.VR} and differs"
    extra = {e.tag for e in other if e.tag.element != 0} - {e.tag for e in one} - EDITED
    return f"{sorted(extra)} have come" if extra else None


def compare(paths):
    for original, copy in zip(paths[::2], paths[1::2]):
        one, other = read(original), pydicom.dcmread(copy)
        try:
            # Another data set: decoding may change attributes of the one that is decoded.
            read(original).pixel_array if "PixelData" in one else None
        except Exception as error:
            print("pydicom cannot read the original", original, error, file=sys.stderr)
            del one.PixelData
        syntax = other.file_meta.TransferSyntaxUID
        why = attributes_differ(one, other, not one.is_little_endian)
        if why is None and int(other.file_meta.FileMetaInformationGroupLength) == 0:
            why = "no meta group"
        table = None
        if why is None and syntax.is_encapsulated:
            count = int.from_bytes(other.PixelData[4:8], "little") // 4
            table = count == int(getattr(other, "NumberOfFrames", 1) or 1)
        if why is None and "PixelData" in one:
            lossy = any(d.file_meta.TransferSyntaxUID in ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51") for d in (one, other))
            first, second = (numpy.atleast_1d(samples(d)).astype(int) for d in (one, other))
            if first.shape != second.shape:
                why = f"shape {first.shape} is {second.shape}"
            else:
                if one.PhotometricInterpretation != other.PhotometricInterpretation or lossy:
                    first, second = to_rgb(one, first.astype("uint8")).astype(int), to_rgb(other, second.astype("uint8")).astype(int)
                difference = numpy.abs(first - second)
                if lossy and difference.mean() > 8 or not lossy and difference.max() > 0:
                    why = f"pixels differ by {difference.max()}, on average by {difference.mean():.2f}"
        print(json.dumps({
            "path": copy, "why": why, "syntax": syntax, "photometric": getattr(other, "PhotometricInterpretation", None), "table": table,
            "lossy": getattr(other, "LossyImageCompression", None), "method": str(getattr(other, "LossyImageCompressionMethod", "")),
        }))


def shown(dataset):
    """PS3.4 annex N on the first frame, as numpy writes it."""
    frame = samples(dataset)[0]
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        colour = apply_color_lut(frame[..., 0], dataset)
        return (colour >> 8 if colour.dtype == numpy.uint16 else colour).astype("uint8")
    if dataset.SamplesPerPixel == 3:
        frame = to_rgb(dataset, frame) if frame.dtype == numpy.uint8 else numpy.rint(frame * 255.0 / (2 ** dataset.BitsStored - 1))
        return frame.astype("uint8")
    stored = frame[..., 0].astype("int64")
    values = apply_modality_lut(stored, dataset).astype(float)
    if "VOILUTSequence" in dataset:
        item = dataset.VOILUTSequence[0]
        count, first, bits = (int(v) for v in item.LUTDescriptor)
        table = numpy.array(item.LUTData)
        grey = table[numpy.clip(numpy.floor(values) - first, 0, (count or 65536) - 1).astype(int)] / (2 ** bits - 1)
    elif "WindowCenter" in dataset:
        centre = dataset.WindowCenter if not hasattr(dataset.WindowCenter, "__len__") else dataset.WindowCenter[0]
        width = dataset.WindowWidth if not hasattr(dataset.WindowWidth, "__len__") else dataset.WindowWidth[0]
        centre, width = float(centre), float(width)
        function = getattr(dataset, "VOILUTFunction", "LINEAR")
        if function == "SIGMOID":
            grey = 1 / (1 + numpy.exp(-4 * (values - centre) / width))
        elif function == "LINEAR_EXACT":
            grey = (values - centre) / width + 0.5
        else:
            grey = (values - (centre - 0.5)) / (width - 1) + 0.5
    elif dataset.BitsStored == 8 and not dataset.PixelRepresentation and "RescaleSlope" not in dataset:
        grey = stored / 255
    elif dataset.BitsStored == 1:
        grey = stored
    else:
        kept = numpy.sort(stored[stored != dataset.PixelPaddingValue] if "PixelPaddingValue" in dataset else stored, axis=None)
        low, high = kept[int(0.005 * len(kept))], kept[min(len(kept) - 1, int(0.995 * len(kept)))]
        if low == high:
            low, high = kept[0], kept[-1]
        low, high = (apply_modality_lut(numpy.array([v]), dataset).astype(float)[0] for v in (low, high))
        grey = (values - (low + high) / 2) / max(abs(high - low), 1e-6) + 0.5
    grey = numpy.rint(255 * numpy.clip(grey, 0, 1)).astype("uint8")
    return 255 - grey if dataset.PhotometricInterpretation == "MONOCHROME1" else grey


def display(out, paths):
    for path in paths:
        try:
            picture = shown(read(path))
        except Exception as error:
            print(json.dumps({"path": path, "error": str(error)[:200]}))
            continue
        picture.tofile(os.path.join(out, os.path.basename(path) + ".raw"))
        print(json.dumps({"path": path, "shape": picture.shape}))


if __name__ == "__main__":
    command, arguments = sys.argv[1], sys.argv[2:]
    if command == "decode":
        decode(arguments[0], arguments[1:])
    elif command == "wrap":
        wrap(arguments[0])
    elif command == "compare":
        compare(arguments)
    else:
        display(arguments[0], arguments[1:])
