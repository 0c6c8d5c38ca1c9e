"""Scalars as YAML text: in the quotes that stand there, or plain where that reads back as the same value."""

from __future__ import annotations

import json
import math
import re

from ecolint.model import CannotEdit, Construct, Scalar, Symbol, Written

_PLAIN = re.compile(r"[A-Za-z0-9_./-](?:[A-Za-z0-9_./@+=%,;()~^$*!?-]| (?=[A-Za-z0-9_./+=-])|:(?=[A-Za-z0-9_./-]))*\Z")
_FLOW_PLAIN = re.compile(r"[A-Za-z0-9_./-][A-Za-z0-9_./@+=%-]*\Z")
_WORDS = frozenset({"", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "<<", "="})
_NUMBERLIKE = re.compile(r"[-+]?(?:0x[0-9a-f_]+|[0-9.][-+0-9._:ezt ]*|\.inf|\.nan|0o[0-7]+|0b[01_]+)\Z", re.IGNORECASE)
_PRINTABLE = re.compile(r"[\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*\Z")
_SPECIAL = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


def scalar_text(value: Written, style: str = "", flow: bool = False) -> str:
    """YAML for a value. A string keeps the quote `style`; other scalars are plain, so that they keep their type."""
    if isinstance(value, (Symbol, Construct)):
        raise CannotEdit("YAML has no way to write an object")
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float_text(value)
    return string_text(value, style, flow)


def string_text(value: str, style: str = "", flow: bool = False) -> str:
    """YAML for a string that reads back as a string."""
    if style == "'" and _PRINTABLE.match(value) and "\x85" not in value and not _SPECIAL.search(value):
        return "'" + value.replace("'", "''") + "'"
    if style != '"' and reads_as_string(value, flow):
        return value
    return _SPECIAL.sub(_escape, json.dumps(value, ensure_ascii=False))


def reads_as_string(value: str, flow: bool = False) -> bool:
    """Whether plain text would come back as this string in every YAML reader that matters."""
    if not (_FLOW_PLAIN if flow else _PLAIN).match(value) or value.startswith(("---", "...", "- ", "? ")):
        return False
    if value in ("-", "?") or value.endswith((" ", ":")):
        return False
    return not _other_type(value)


def _other_type(value: str) -> bool:
    """Whether YAML 1.1 or 1.2 takes plain text for something else than a string: a word, a number, a date."""
    return value.lower() in _WORDS or _NUMBERLIKE.match(value) is not None


def _float_text(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    text = repr(value)
    mantissa, e, exponent = text.partition("e")
    if not e:
        return text
    if "." not in mantissa:
        mantissa += ".0"
    return f"{mantissa}e{exponent if exponent[0] in '+-' else '+' + exponent}"


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def as_text(value: Scalar) -> str:
    """A scalar as a container gets it: a string."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else (_float_text(value) if isinstance(value, float) else str(value))
