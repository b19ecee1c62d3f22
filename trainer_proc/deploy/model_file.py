"""Reads a bundle's MuJoCo model, which may come from a stranger: one text that needs no other file and little memory.

MuJoCo opens whatever files a model names, loads plugins, and ends its process where memory is short.
"""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from trainer_proc.contract.bundle.description import LARGEST_ROBOT_MODEL
from trainer_proc.contract.errors import one_line
from trainer_proc.deploy.bundle_files import read_bundle_file
from trainer_proc.deploy.errors import EXPORT_AGAIN, BundleRefused, refused

_MOST_ELEMENTS = 20_000
_DEEPEST = 200
"""Elements in each other."""
_MOST_COUNTED = 10_000
"""Of sizes, iterations and pixels in one direction; a model of a robot has hundreds."""
_REFUSED = {
    **dict.fromkeys(("include", "attach", "model"), "another model"),
    **dict.fromkeys(("plugin", "extension"), "a plugin"),
    **dict.fromkeys(("replicate", "composite", "flexcomp"), "a part that makes others"),
}
"""Elements that an export never writes, and what they stand for."""
_COUNTS = {
    "numeric": ("size",),
    "user": ("dim",),
    "texture": ("width", "height"),
    "hfield": ("nrow", "ncol"),
}
"""Attributes by element that say how much memory is needed. Also those of `_COUNTS_OF_ALL`, and all of `size`."""
_COUNTS_OF_ALL = re.compile(r"nsample|\w*iterations|sdf_initpoints")
_MARKUP = re.compile(r"<!(?!--|\[CDATA\[)")


def read_model(file: Path, sha256: str = "") -> str:
    """Return the text of a model with that hash; of any without one. Raises `BundleRefused`."""
    content = read_bundle_file(file, sha256 or None, LARGEST_ROBOT_MODEL)
    check_model(file.name, content)
    return content.decode()


def check_model(name: str, content: bytes) -> ElementTree.Element:
    """Return the root of a model that needs no other file and little memory. Raises `BundleRefused`."""
    try:
        text = content.decode()
        if _MARKUP.search(text):
            raise _refused(name, "a document type")
        root = ElementTree.fromstring(text)
    except (UnicodeDecodeError, ElementTree.ParseError) as error:
        raise refused(name, "XML", one_line(error), EXPORT_AGAIN) from error
    elements = [(root, 1)]
    for element, depth in elements:
        if depth > _DEEPEST or len(elements) > _MOST_ELEMENTS:
            expected = f"at most {_MOST_ELEMENTS} elements, {_DEEPEST} in each other"
            raise refused(name, expected, "more", EXPORT_AGAIN)
        _check_element(name, element)
        elements += [(child, depth + 1) for child in element]
    return root


def _check_element(name: str, element: ElementTree.Element) -> None:
    if found := _REFUSED.get(element.tag):
        raise _refused(name, f"{found}: <{element.tag}>")
    for attribute, value in element.attrib.items():
        place = f"<{element.tag} {attribute}>"
        if attribute.startswith("file"):
            raise _refused(name, f"another file: {place}")
        if attribute != "name" and "nan" in value.lower().split():
            raise refused(name, f"numbers in {place}", "NaN", EXPORT_AGAIN)
        if element.tag == "mesh" and attribute == "builtin":
            raise _refused(name, f"a shape that MuJoCo makes: {place}")
        if _is_count(element.tag, attribute) and not _is_small(value):
            raise refused(name, f"at most {_MOST_COUNTED} for {place}", value[:20], EXPORT_AGAIN)


def _is_count(element: str, attribute: str) -> bool:
    if element == "size":
        return attribute != "memory"  # which is replaced
    return attribute in _COUNTS.get(element, ()) or _COUNTS_OF_ALL.fullmatch(attribute) is not None


def _is_small(text: str) -> bool:
    try:
        return float(text) <= _MOST_COUNTED
    except ValueError:
        return False


def _refused(name: str, found: str) -> BundleRefused:
    return refused(name, "a MuJoCo model in one file", found, EXPORT_AGAIN)
