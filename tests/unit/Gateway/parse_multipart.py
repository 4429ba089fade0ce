"""Parses multipart bodies with Python's e-mail package. Usage: parse_multipart.py DIR

Reads DIR/N.boundary and DIR/N.body for N = 0, 1, …; prints one JSON line a body: the SHA-256 of each part's bytes.
"""
import email.parser
import email.policy
import hashlib
import json
import pathlib
import sys

directory = pathlib.Path(sys.argv[1])
for number in range(len(list(directory.glob("*.body")))):
    boundary = (directory / f"{number}.boundary").read_text()
    body = (directory / f"{number}.body").read_bytes()
    head = f'Content-Type: multipart/related; type="application/dicom"; boundary="{boundary}"\r\n\r\n'.encode()
    message = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(head + body)
    print(json.dumps([hashlib.sha256(part.get_payload(decode=True)).hexdigest() for part in message.get_payload()]))
