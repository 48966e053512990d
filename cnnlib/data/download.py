"""Fetch a file once: from the first mirror that has it, resumed where it broke off, checksum first.

A file is used only after its SHA-256 sum was found right, so a mirror need not be trusted.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHUNK = 1 << 16  # bytes
TIMEOUT = (10, 30)  # seconds to connect, and without any data
FOLDER_VARIABLE = "CNNLIB_DATA"


class DataUnavailableError(ConnectionError):
    """A file could be had from no mirror; the message says what to do instead."""


@dataclass(frozen=True)
class Source:
    """Where a data set comes from.

    Attributes
    ----------
    name : str
        Folder in the cache, and what messages call it.
    mirrors : list of str
        Addresses that end with a slash; each has all the files.
    files : mapping of file name to checksum
        SHA-256 in hexadecimal.
    """

    name: str
    mirrors: Sequence[str]
    files: Mapping[str, str]


def cache_folder() -> Path:
    """Return where downloads are kept: ``$CNNLIB_DATA``, or the user's cache."""
    import pooch

    return Path(os.environ.get(FOLDER_VARIABLE) or pooch.os_cache("cnnlib"))


def fetch(source: Source, file: str, *, progress: bool = True) -> Path:
    """Return the path of a checked file, downloading it if it is not there yet.

    Parameters
    ----------
    source : Source
    file : str
        One of ``source.files``.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    path : Path

    Raises
    ------
    DataUnavailableError
        If no mirror gave a file with the right checksum.
    """
    import pooch
    import requests

    folder = cache_folder() / source.name
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{file}.part"
    failures: list[str] = []
    # A part left by a broken download may itself be bad: then it is thrown away and the mirrors
    # are asked once more from the beginning.
    for round_trip in ("resume", "afresh"):
        resumed = part.exists()
        for mirror in source.mirrors:
            try:
                path = pooch.retrieve(
                    mirror + file,
                    known_hash=source.files[file],
                    fname=file,
                    path=folder,
                    downloader=_Resuming(part, progress),
                )
                return Path(path)
            except requests.RequestException as error:
                failures.append(f"{mirror}{file}: {_reason(error)}")
            except ValueError:
                part.unlink(missing_ok=True)
                failures.append(f"{mirror}{file}: the checksum is wrong, so it was not used")
        if round_trip == "afresh" or not resumed or part.exists():
            break
    raise DataUnavailableError(_advice(source, file, part, failures))


class _Resuming:
    """A downloader for pooch that keeps what arrived and asks only for the rest."""

    def __init__(self, part: Path, progress: bool) -> None:
        self.part, self.progress = part, progress

    def __call__(self, url: str, output_file: str, _: Any) -> None:
        import requests
        from tqdm.auto import tqdm

        have = self.part.stat().st_size if self.part.exists() else 0
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if response.status_code == requests.codes.requested_range_not_satisfiable:
                # Everything is here already, or too much: the checksum will tell.
                shutil.move(self.part, output_file)
                return
            response.raise_for_status()
            if response.status_code != requests.codes.partial_content:
                have = 0
            length = int(response.headers.get("Content-Length", 0))
            with (
                self.part.open("ab" if have else "wb") as file,
                tqdm(
                    desc=self.part.stem,
                    total=have + length or None,
                    initial=have,
                    unit="B",
                    unit_scale=True,
                    unit_divisor=1024,
                    disable=not self.progress,
                ) as bar,
            ):
                for block in response.iter_content(CHUNK):
                    file.write(block)
                    bar.update(len(block))
        shutil.move(self.part, output_file)


def _reason(error: Exception) -> str:
    response = getattr(error, "response", None)
    if response is not None:
        return f"the server answered {response.status_code} {response.reason}"
    return f"no connection or a broken one ({type(error).__name__})"


def _advice(source: Source, file: str, part: Path, failures: Sequence[str]) -> str:
    arrived = part.stat().st_size if part.exists() else 0
    kept = [f"  {arrived:,} bytes arrived and are kept: call again to go on from there."]
    return "\n".join(
        [
            f"{source.name}: {file} could not be downloaded.",
            *(f"  {failure}" for failure in failures),
            *(kept if arrived else []),
            "  Without a network, use data that need none: cnnlib.data.digits() (8 x 8 digits),",
            "  cnnlib.data.photo() (two photographs) or cnnlib.data.shapes() (generated pictures).",
            f"  Or put the file into {part.parent} yourself (sha256 {source.files[file]});",
            f"  the environment variable {FOLDER_VARIABLE} names another folder.",
        ]
    )
