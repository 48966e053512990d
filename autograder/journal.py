"""What has been done, keyed by content, so that nothing is done twice and nothing is lost.

A submission goes from *queued* to *running* to *executed* (its result is stored here) to
*recorded* (its marks are in the gradebook). Every step is one transaction. Whoever starts again
after a power cut finds the last completed step: executed results are recorded without running them
again, the rest is run again.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path

from autograder.grade import Job
from autograder.outcomes import SubmissionResult, from_json, to_json
from autograder.packages import binds_for_tests

QUEUED, RUNNING, EXECUTED, RECORDED = "queued", "running", "executed", "recorded"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS work (
    key TEXT PRIMARY KEY,
    student TEXT NOT NULL,
    assignment TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'executed', 'recorded')),
    result TEXT,
    changed TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX IF NOT EXISTS by_assignment ON work (assignment, student);
"""


class Journal:
    """The file ``journal.db`` of a class."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")  # a power cut must not lose a finished step
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _run(self, statement: str, values: tuple[object, ...]) -> list[tuple[str | None, ...]]:
        with self._lock:
            return self._db.execute(statement, values).fetchall()

    def state(self, key: str) -> str | None:
        """The last completed step, or None for work nobody has heard of."""
        found = self._run("SELECT state FROM work WHERE key = ?", (key,))
        return found[0][0] if found else None

    def queue(self, key: str, student: str, assignment: str) -> str:
        """Note that there is something to do, and return the state it is in."""
        self._run(
            "INSERT INTO work (key, student, assignment, state) VALUES (?, ?, ?, 'queued') "
            "ON CONFLICT (key) DO NOTHING",
            (key, student, assignment),
        )
        return self.state(key) or QUEUED

    def start(self, key: str) -> None:
        """Note that a worker has it."""
        self._move(key, RUNNING)

    def finish(self, key: str, result: SubmissionResult) -> None:
        """Keep the result; from here on it will not be run again."""
        text = json.dumps(to_json(result), separators=(",", ":"))
        self._run(
            "UPDATE work SET state = 'executed', result = ?, changed = CURRENT_TIMESTAMP "
            "WHERE key = ?",
            (text, key),
        )

    def recorded(self, key: str, student: str, assignment: str) -> None:
        """Note that its marks are in the gradebook; they replace those of an earlier submission."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(
                "UPDATE work SET state = 'executed' WHERE student = ? AND assignment = ? "
                "AND state = 'recorded' AND key <> ?",
                (student, assignment, key),
            )
            self._db.execute(
                "UPDATE work SET state = 'recorded', changed = CURRENT_TIMESTAMP WHERE key = ?",
                (key,),
            )
            self._db.execute("COMMIT")

    def forget(self, key: str) -> None:
        """Make it run again."""
        self._run("UPDATE work SET state = 'queued', result = NULL WHERE key = ?", (key,))

    def _move(self, key: str, state: str) -> None:
        self._run(
            "UPDATE work SET state = ?, changed = CURRENT_TIMESTAMP WHERE key = ?", (state, key)
        )

    def result(self, key: str) -> SubmissionResult | None:
        """The stored result."""
        found = self._run("SELECT result FROM work WHERE key = ?", (key,))
        text = found[0][0] if found else None
        return from_json(json.loads(text)) if text else None

    def results(self, assignment: str) -> Iterable[SubmissionResult]:
        """Results whose marks are in the gradebook, by student."""
        rows = self._run(
            "SELECT key FROM work WHERE assignment = ? AND state = 'recorded' ORDER BY student",
            (assignment,),
        )
        for (key,) in rows:
            result = self.result(str(key))
            if result is not None:
                yield result


def key_of(job: Job) -> str:
    """The content that a result depends on, in one number."""
    digest = hashlib.sha256()
    facts = [job.student, job.template.assignment, job.template.digest, engine_version()]
    facts += [json.dumps(job.limits.as_dict(), sort_keys=True), str(job.seed), *job.notes]
    sources = [step.source for step in job.template.steps if step.kind in ("given", "test")]
    for path, place in binds_for_tests(sources):
        if place.startswith("/course/"):
            facts.append(_digest_of(path))
    for fact in facts:
        digest.update(fact.encode() + b"\0")
    digest.update(job.data)
    return digest.hexdigest()


_digests: dict[Path, str] = {}


def _digest_of(path: Path) -> str:
    """All Python files below a folder; read once per run."""
    if path not in _digests:
        digest = hashlib.sha256()
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(str(file.relative_to(path)).encode() + b"\0" + file.read_bytes())
        _digests[path] = digest.hexdigest()
    return _digests[path]


def engine_version() -> str:
    """This engine's own source and the libraries that decide what cells compute."""
    versions = []
    for name in ("numpy", "ipython", "torch", "scipy"):
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"no {name}")
    return _digest_of(Path(__file__).parent) + " ".join(versions)
