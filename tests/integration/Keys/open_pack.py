"""Reads packs as services/study/Store/FORMAT.md describes them, written from that page (and open_sealed.py, which is written
from services/sealing/FORMAT.md) alone.

  open_pack.py read KEYRING KEYS OBJECTS STUDY OUT    writes every instance to OUT/<SOP Instance UID>, its DICOM JSON beside it
  open_pack.py tamper KEYRING KEYS PACK [SAMPLES]     changes a copy of the pack in memory in every way (or in SAMPLES ways of
                                                      each kind) and counts those that are not noticed
Answers in JSON.
"""
import base64
import ctypes
import ctypes.util
import hashlib
import json
import os
import random
import sys
import uuid

from cryptography.exceptions import InvalidTag

from open_sealed import SEGMENT, associated, open_key, open_stream, read_keyring

HEADER, TRAILER = 40, 24


class Broken(Exception):
    pass


def check(condition, what):
    if not condition:
        raise Broken(what)


def inflate(data):
    """Zstandard, by the library that every Debian has (apt needs it)."""
    library = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
    library.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong
    library.ZSTD_decompress.restype = ctypes.c_size_t
    size = library.ZSTD_getFrameContentSize(data, ctypes.c_size_t(len(data)))
    if size >= 1 << 40:
        size = 64 << 20
    out = ctypes.create_string_buffer(size or 1)
    made = library.ZSTD_decompress(out, ctypes.c_size_t(size), data, ctypes.c_size_t(len(data)))
    check(made <= size, "a metadata batch does not inflate")
    return out.raw[:made]


def opened(key, sealed, *parts):
    try:
        check(len(sealed) >= 56 and sealed[0] == 40, "not a sealed stream")
        return open_stream(key, sealed, associated(*parts))
    except (InvalidTag, ValueError) as e:
        raise Broken("authentication") from e


def parts_of(plaintext):
    at = 0
    while at < len(plaintext):
        size = int.from_bytes(plaintext[at:at + 4], "big")
        yield plaintext[at + 4:at + 4 + size]
        at += 4 + size


def study_of(pack):
    check(pack[:8] == b"MCCPACK1", "magic of the header")
    return uuid.UUID(bytes=pack[8:24])


def groups(pack, name, key):
    """The groups of a pack from the last to the first: (study, JSON document, metadata batches, start)."""
    check(len(pack) >= HEADER, "shorter than its header")
    study = study_of(pack)
    check(pack[24:40] == name.bytes, "the header names another pack")
    end = len(pack)
    check(end > HEADER, "no group")
    while end > HEADER:
        trailer = pack[end - TRAILER:end]
        check(len(trailer) == TRAILER and trailer[16:] == b"MCCGRP01", "magic of a trailer")
        start, length = int.from_bytes(trailer[:8], "big"), int.from_bytes(trailer[8:16], "big")
        manifest = end - TRAILER - length
        check(HEADER <= start <= manifest < end, "places of a trailer")
        document, *batches = parts_of(opened(
            key, pack[manifest:end - TRAILER], "medcloudcare/manifest/v1", str(study), str(name), str(manifest)))
        document = json.loads(document)
        check(document["version"] in (1, 2) and uuid.UUID(document["study"]) == study, "the manifest is of another study")
        check(document["groupStart"] == start, "the group starts elsewhere")
        check(len(batches) == len(document["batches"]), "number of batches")
        yield study, document, batches
        end = start


def instances(pack, name, key):
    """All instances of a pack: (UID, file, DICOM JSON)."""
    for study, document, batches in groups(pack, name, key):
        for described, batch in zip(document["batches"], batches):
            documents = list(parts_of(inflate(batch)))
            check(len(documents) == len(described["instances"]), "number of documents")
            for instance, metadata in zip(described["instances"], documents):
                uid, at = instance["sopInstanceUid"], instance["offset"]
                file = opened(key, pack[at:at + instance["sealedLength"]], "medcloudcare/instance/v1", str(study), uid)
                check(len(file) == instance["length"], "length of a file")
                check(hashlib.sha256(file).digest() == base64.b64decode(instance["sha256"]), "hash of a file")
                yield uid, file, metadata


def read(keyring, keys, objects, study, out):
    ring, study, count, packs = read_keyring(keyring), uuid.UUID(study), 0, 0
    for folder, _, files in os.walk(objects):
        for file in files:
            if not file.endswith(".pack"):
                continue
            with open(os.path.join(folder, file), "rb") as stream:
                pack = stream.read()
            if study_of(pack) != study:
                continue
            packs += 1
            for uid, content, metadata in instances(pack, uuid.UUID(file[:-5]), open_key(ring, keys, study)):
                with open(os.path.join(out, uid), "wb") as target:
                    target.write(content)
                with open(os.path.join(out, uid + ".json"), "wb") as target:
                    target.write(metadata)
                count += 1
    return {"packs": packs, "instances": count}


def places(pack, name, key):
    """Where the streams of the instances lie."""
    return [(i["offset"], i["sealedLength"]) for _, d, _ in groups(pack, name, key) for b in d["batches"] for i in b["instances"]]


def changes(pack, streams, samples):
    """Changed copies, each with what was done."""
    few = lambda items: items if samples is None or len(items) <= samples else random.Random(1).sample(items, samples)
    for bit in few(range(len(pack) * 8)):
        changed = bytearray(pack)
        changed[bit // 8] ^= 1 << (bit % 8)
        yield f"bit {bit}", bytes(changed)
    for length in few(range(len(pack))):
        yield f"cut to {length}", pack[:length]
    for more in few(range(1, 64)):
        yield f"{more} more", pack + bytes(more)
    for offset, length in streams:
        last = (length - 1) // SEGMENT
        pairs = [(i, j) for i in range(1, last) for j in range(i + 1, last)]
        for i, j in few(pairs):
            changed = bytearray(pack)
            a, b = offset + i * SEGMENT, offset + j * SEGMENT
            changed[a:a + SEGMENT], changed[b:b + SEGMENT] = pack[b:b + SEGMENT], pack[a:a + SEGMENT]
            yield f"segments {i} and {j} of {offset}", bytes(changed)
    for (a, x), (b, y) in few([(s, t) for s in streams for t in streams if s < t and s[1] == t[1]]):
        changed = bytearray(pack)
        changed[a:a + x], changed[b:b + y] = pack[b:b + y], pack[a:a + x]
        yield f"instances at {a} and {b}", bytes(changed)


def tamper(keyring, keys, path, samples=None):
    random.seed(1)
    with open(path, "rb") as file:
        pack = file.read()
    name = uuid.UUID(os.path.basename(path)[:-5])
    key = open_key(read_keyring(keyring), keys, study_of(pack))
    expected = list(instances(pack, name, key))
    tried, missed = 0, []
    for what, changed in changes(pack, places(pack, name, key), int(samples) if samples else None):
        tried += 1
        try:
            list(instances(changed, name, key))
            missed.append(what)
        except Broken:
            pass
    # Under the name of another pack, and under the key of another study.
    for other, wrong in ((uuid.uuid4(), key), (name, os.urandom(32))):
        tried += 1
        try:
            list(instances(pack, other, wrong))
            missed.append("another pack or key")
        except Broken:
            pass
    return {"size": len(pack), "instances": len(expected), "tried": tried, "missed": missed[:20]}


if __name__ == "__main__":
    json.dump({"read": read, "tamper": tamper}[sys.argv[1]](*sys.argv[2:]), sys.stdout)
