"""Wheels of a few bytes; the build backend of the small project uses this file too."""

import base64
import hashlib
import zipfile
from pathlib import Path


def write_wheel(folder, name, version, code, headers=()):
    """A wheel of one module, made by hand: nothing is fetched to build it."""
    info = f"{name}-{version}.dist-info"
    metadata = "\n".join(
        ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *headers]
    )
    files = {
        f"{name}.py": code,
        f"{info}/METADATA": metadata + "\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [f"{info}/RECORD,,"]
    for path, text in files.items():
        digest = (
            base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
        )
        record.append(f"{path},sha256={digest},{len(text.encode())}")
    wheel = Path(folder) / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
        archive.writestr(f"{info}/RECORD", "\n".join(record) + "\n")
    return wheel
