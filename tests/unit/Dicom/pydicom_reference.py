#!/usr/bin/python3
"""What pydicom says of DICOM files, one JSON object a line, for the differential tests.

Usage: pydicom_reference.py list                 paths of pydicom's own DICOM files
       pydicom_reference.py describe PATH...     {path, error?, json, syntax, frames: [sha256, ...] or null}
"""
import hashlib
import json
import os
import sys
import warnings

import pydicom
from pydicom import encaps
from pydicom._private_dict import private_dictionaries
from pydicom.uid import UID

warnings.simplefilter("ignore")
private_dictionaries.clear()  # elements of vendors stay UN, as they are in the file
PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def files():
    root = os.path.join(os.path.dirname(pydicom.__file__), "data")
    for folder, _, names in sorted(os.walk(root)):
        for name in sorted(names):
            if not name.endswith((".py", ".pyc", ".txt", ".json", ".dump", ".gz", ".md")):
                yield os.path.join(folder, name)


def frames(ds, syntax):
    keyword = next((k for k in PIXELS if k in ds), None)
    if keyword is None or not ds[keyword].value:
        return None
    data, count = ds[keyword].value, int(ds.get("NumberOfFrames") or 1)
    if UID(syntax).is_encapsulated:
        parts = list(encaps.generate_pixel_data_frame(data, count))
    else:
        samples = int(ds.get("SamplesPerPixel", 1))
        if samples == 3 and ds.PhotometricInterpretation == "YBR_FULL_422":
            samples = 2
        bits = ds.Rows * ds.Columns * samples * ds.BitsAllocated
        if bits % 8:
            return None
        parts = [data[i * bits // 8:(i + 1) * bits // 8] for i in range(count)]
    return [hashlib.sha256(x).hexdigest() for x in parts]


def to_json(ds):
    out = {}
    for tag in ds.keys():
        if tag.group == 2 or tag.element == 0:
            continue
        name = f"{tag:08X}"
        try:
            element = ds[tag]
            if element.VR == "SQ":
                out[name] = {"vr": "SQ", "Value": [to_json(item) for item in element.value or ()]}
            else:
                out[name] = element.to_json_dict(None, 1 << 40)
        except ValueError:  # a text that is no number: as it stands
            raw = ds.get_item(tag)
            text = raw.value if isinstance(raw.value, str) else raw.value.decode("latin-1")
            out[name] = {"vr": raw.VR, "Value": text.split("\\")}
    return out


def describe(path):
    result = {"path": path}
    try:
        ds = pydicom.dcmread(path, force=True)
        syntax = str(ds.file_meta.get("TransferSyntaxUID", ""))
        if not syntax:
            names = {(True, True): "1.2.840.10008.1.2", (False, True): "1.2.840.10008.1.2.1", (False, False): "1.2.840.10008.1.2.2"}
            syntax = names[(ds.is_implicit_VR, ds.is_little_endian)]
        result["syntax"] = syntax
        result["json"] = to_json(ds)
        result["meta"] = {f"{e.tag:08X}": e.to_json_dict(None, 1 << 40) for e in ds.file_meta if e.tag.element != 0}
    except Exception as e:
        result["error"] = f"{type(e).__name__}: {e}"
        return result
    try:
        result["frames"] = frames(ds, syntax)
    except Exception as e:
        result["framesError"] = f"{type(e).__name__}: {e}"
    return result


if __name__ == "__main__":
    if sys.argv[1] == "list":
        print("\n".join(files()))
    else:
        for argument in sys.argv[2:]:
            print(json.dumps(describe(argument)))
