"""Opens and seals what services/sealing/FORMAT.md describes, written from that page alone.

Reads one JSON request on standard input and writes one JSON answer; bytes are hexadecimal. Operations:
open-key, open-stream, seal-stream, open-row, seal-row, wrap, derive, patient.
"""
import base64
import hashlib
import hmac
import json
import os
import sys
import uuid

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SEGMENT, TAG, HEADER = 65536, 16, 40


def hkdf(key, salt, info, length=32):
    return HKDF(algorithm=SHA256(), length=length, salt=salt or None, info=info).derive(key)


def associated(*parts):
    return b"".join(len(p.encode()).to_bytes(2, "big") + p.encode() for p in parts)


def read_keyring(path):
    with open(path, encoding="utf-8") as file:
        ring = json.load(file)
    assert ring["version"] == 1
    for secret, check in [(ring["root"], ring["rootCheck"])] + [(k["key"], k["check"]) for k in ring["keys"]]:
        expected = hkdf(base64.b64decode(secret), b"", b"medcloudcare/keyring-check/v1", 8)
        assert expected == base64.b64decode(check)
    return ring


def master_key(ring, key_id):
    return next(base64.b64decode(k["key"]) for k in ring["keys"] if uuid.UUID(k["id"]) == key_id)


def wrap_aad(head, key_id):
    return b"medcloudcare/wrap/v1\0" + head + b"medcloudcare/data-key/v1\0" + key_id.bytes


def unwrap(ring, wrapped, key_id):
    assert wrapped[0] == 1
    key = master_key(ring, uuid.UUID(bytes=wrapped[1:17]))
    return AESGCM(key).decrypt(wrapped[17:29], wrapped[29:], wrap_aad(wrapped[:17], key_id))


def wrap(ring, key, key_id):
    primary = uuid.UUID(ring["primary"])
    head, nonce = b"\x01" + primary.bytes, os.urandom(12)
    return head + nonce + AESGCM(master_key(ring, primary)).encrypt(nonce, key, wrap_aad(head, key_id))


def open_key(ring, store, key_id):
    name = key_id.hex
    with open(os.path.join(store, name[-2:], name + ".key"), "rb") as file:
        content = file.read()
    assert content[:5] == b"MCCK\x01"
    return unwrap(ring, content[5:], key_id)


def open_stream(data_key, sealed, aad):
    assert sealed[0] == HEADER
    key = AESGCM(hkdf(hkdf(data_key, b"", b"medcloudcare/stream/v1"), sealed[1:33], aad))
    out, at, number = [], HEADER, 0
    while True:
        end = min((number + 1) * SEGMENT, len(sealed))
        last = end == len(sealed)
        nonce = sealed[33:40] + number.to_bytes(4, "big") + bytes([last])
        out.append(key.decrypt(nonce, sealed[at:end], None))
        at, number = end, number + 1
        if last:
            return b"".join(out)


def seal_stream(data_key, plaintext, aad):
    salt, prefix = os.urandom(32), os.urandom(7)
    key = AESGCM(hkdf(hkdf(data_key, b"", b"medcloudcare/stream/v1"), salt, aad))
    first, other = SEGMENT - HEADER - TAG, SEGMENT - TAG
    pieces = [plaintext[:first]] + [plaintext[i:i + other] for i in range(first, len(plaintext), other)]
    return bytes([HEADER]) + salt + prefix + b"".join(
        key.encrypt(prefix + i.to_bytes(4, "big") + bytes([i == len(pieces) - 1]), piece, None)
        for i, piece in enumerate(pieces))


def row_key(data_key):
    return AESGCM(hkdf(data_key, b"", b"medcloudcare/row/v1"))


def answer(request):
    operation = request["operation"]
    take = lambda name: bytes.fromhex(request[name])
    ring = read_keyring(request["keyring"])
    if operation == "derive":
        return hkdf(base64.b64decode(ring["root"]), b"", b"medcloudcare/derive/v1/" + request["purpose"].encode())
    if operation == "patient":
        key = hkdf(base64.b64decode(ring["root"]), b"", b"medcloudcare/derive/v1/" + request["purpose"].encode())
        issuer, patient = (request[n].strip(" \0") for n in ("issuer", "patient"))
        return hmac.new(key, associated("patient", request["scope"], issuer, patient), hashlib.sha256).digest()
    key_id = uuid.UUID(request["id"])
    if operation == "wrap":
        return b"MCCK\x01" + wrap(ring, take("input"), key_id)
    data_key = open_key(ring, request["store"], key_id)
    if operation == "open-key":
        return data_key
    if operation == "open-row":
        row = take("input")
        assert row[0] == 1
        return row_key(data_key).decrypt(row[1:13], row[13:], associated(*request["parts"]))
    if operation == "seal-row":
        nonce = os.urandom(12)
        return b"\x01" + nonce + row_key(data_key).encrypt(nonce, take("input"), associated(*request["parts"]))
    if operation == "open-stream":
        return open_stream(data_key, take("input"), associated(*request["parts"]))
    if operation == "seal-stream":
        return seal_stream(data_key, take("input"), associated(*request["parts"]))
    raise ValueError(operation)


if __name__ == "__main__":
    json.dump({"output": answer(json.load(sys.stdin)).hex()}, sys.stdout)
