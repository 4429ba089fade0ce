"""Coded concepts (PS3.3 §8)."""
from __future__ import annotations

from dataclasses import dataclass

from .errors import ResultInvalid


@dataclass(frozen=True)
class Code:
    """A coded concept, for example ``Code("12738006", "SCT", "Brain")``.

    ``value`` has at most 16 characters (Code Value is SH), ``scheme`` at most 16 (SCT, DCM, UCUM, 99MYLAB …), ``meaning``
    at most 64.
    """

    value: str
    scheme: str
    meaning: str

    def __post_init__(self) -> None:
        for name, limit in (("value", 16), ("scheme", 16), ("meaning", 64)):
            text(getattr(self, name), f"Code.{name}", limit)


def text(value: object, where: str, limit: int) -> str:
    """Checks that ``value`` is a text of 1 to ``limit`` characters that a DICOM attribute can hold."""
    if not isinstance(value, str) or not value.strip():
        raise ResultInvalid(f"{where} must be a text that is not empty, not {value!r}")
    if len(value) > limit:
        raise ResultInvalid(f"{where} has {len(value)} characters; at most {limit} are allowed: {value[:limit]!r}…")
    if "\\" in value or any(ord(c) < 32 for c in value):
        raise ResultInvalid(f"{where} must not hold a backslash or control characters: {value!r}")
    return value


#: Categories of CID 7150, to be used as ``Segment.category``.
TISSUE = Code("85756007", "SCT", "Tissue")
ANATOMICAL_STRUCTURE = Code("123037004", "SCT", "Anatomical Structure")
BODY_SUBSTANCE = Code("91720002", "SCT", "Body Substance")
MORPHOLOGICALLY_ABNORMAL_STRUCTURE = Code("49755003", "SCT", "Morphologically Altered Structure")
