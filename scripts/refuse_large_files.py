"""Refuse to commit what a clone should not carry for ever: files of more than two megabytes.

python scripts/refuse_large_files.py PATH ...
"""

import sys
from pathlib import Path

LIMIT = 2_000_000  # bytes


def main(paths: list[str]) -> int:
    large = [(path, Path(path).stat().st_size) for path in paths if Path(path).is_file()]
    large = [(path, size) for path, size in large if size > LIMIT]
    for path, size in large:
        print(f"{path} has {size / 1e6:.1f} MB; {LIMIT / 1e6:.0f} MB is the limit.")
    return int(bool(large))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
