"""Grade one submission: run its notebook across the two processes and say what each check came to.

This process stands between A and B. It passes their frames on without looking inside, keeps the
clock, and when A dies it starts a new one and repeats every cell but the culprit, so that one
crash costs one exercise.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from autograder import notebooks, outputs, sandbox, verdict, wire
from autograder.limits import Limits
from autograder.link import Died, Link, cause_of_death
from autograder.outcomes import CellRecord, CheckResult, Outcome, SubmissionResult
from autograder.rebuild import Plan, Step, Template, rebuild

#: The soft limit strikes first, inside the process; this much later the jail is killed from
#: outside.
GRACE_SECONDS = 2.0


@dataclass(frozen=True)
class Job:
    """All that is needed to grade one submission, on this machine or another: plain data."""

    student: str
    template: Template
    data: bytes
    limits: Limits = field(default_factory=Limits)
    seed: int = 0
    notes: tuple[str, ...] = ()
    protected: bool = True  # False: without bubblewrap, for one's own code


def execute(job: Job) -> SubmissionResult:
    """Grade one submission; whatever happens comes back as a result."""
    started = time.perf_counter()
    try:
        cells = notebooks.parse(job.data, f"{job.template.notebook}.ipynb")
    except notebooks.BadFile as problem:
        return verdict.unreadable(job.student, job.template, problem)
    plan = rebuild(job.template, cells)
    rebuilt = time.perf_counter()
    try:
        result = _Run(job, plan).grade()
    except sandbox.SandboxError as problem:
        return verdict.fault(job.student, job.template, str(problem))
    result.seconds.update(rebuild=rebuilt - started, execute=time.perf_counter() - rebuilt)
    return result


class _Run:
    """One submission between its two processes."""

    def __init__(self, job: Job, plan: Plan) -> None:
        self._job, self._plan, self._limits = job, plan, job.limits
        template = job.template
        self._settings = {"seed": job.seed}
        sources = tuple(s.source for s in template.steps if s.kind in ("given", "test"))
        self._for_a = sandbox.nursery_for(
            sandbox.profile_for_answers(template.packages), job.protected
        )
        tests = sandbox.profile_for_tests(template.packages, sources)
        self._for_b = sandbox.nursery_for(tests, job.protected)
        self._a: sandbox.Process | None = None
        self._b: sandbox.Process | None = None
        self._done: list[Step] = []  # what A has run, to be repeated after a crash
        self._given: list[Step] = []  # what B has run
        self._restarts = 0
        self._errors: dict[str, dict[str, Any]] = {}
        self._last_death: Died | None = None

    def grade(self) -> SubmissionResult:
        checks: list[CheckResult] = []
        cells: list[CellRecord] = []
        try:
            for step in self._plan.steps:
                shown, check = self._step(step)
                cells.append(
                    CellRecord(step.cell_type, step.kind, step.source, step.grade_id, shown)
                )
                if check is not None:
                    checks.append(check)
        finally:
            for process in (self._a, self._b):
                if process is not None:
                    process.close()
        return verdict.summary(
            self._job.student,
            self._job.template,
            tuple(checks),
            tuple(cells),
            notes=(*self._job.notes, *self._plan.notes),
            seed=self._job.seed,
            sandbox="bubblewrap" if self._job.protected else "",
        )

    def _step(self, step: Step) -> tuple[tuple[dict[str, Any], ...], CheckResult | None]:
        if step.kind == "test":
            return self._test(step)
        shown: tuple[dict[str, Any], ...] = ()
        if step.cell_type == "code" and not (step.missing and step.unchanged):
            shown = self._cell(step)
            if step.kind == "given":
                self._given.append(step)
                self._in_b(step)
        return shown, verdict.for_a_person(step) if step.kind == "manual" else None

    # -- process A ---------------------------------------------------------------------------

    def _cell(self, step: Step) -> tuple[dict[str, Any], ...]:
        """Run one cell of the student; its error is shown and does not stop the others."""
        try:
            process = self._living_a()
            reply = self._run_in_a(process, step)
        except Died as death:
            self._forget_a(death)
            error: dict[str, Any] = {"type": death.outcome.value, "text": str(death), "places": []}
            self._errors[step.cell_id] = {**error, "outcome": death.outcome}
            return (outputs.error_output(error),)
        self._done.append(step)
        shown = outputs.clean(reply.get("outputs"))
        if isinstance(problem := reply.get("error"), dict):
            self._errors[step.cell_id] = problem
            shown = (*shown, outputs.error_output(problem))
        return shown

    def _living_a(self) -> sandbox.Process:
        if self._a is not None:
            return self._a
        while self._restarts <= self._limits.restarts:
            process = self._a = self._for_a.spawn(self._limits, self._settings)
            for step in self._done:
                try:
                    self._run_in_a(process, step)
                except Died as death:
                    self._done.remove(step)
                    self._forget_a(death)
                    break
            else:
                return process
        raise self._last_death or Died(
            Outcome.PROCESS_DIED, "the Python process could not be kept alive"
        )

    def _forget_a(self, death: Died) -> None:
        self._last_death = death
        self._restarts += 1
        if self._a is not None:
            self._a.close()
            self._a = None

    def _run_in_a(self, process: sandbox.Process, step: Step) -> dict[str, Any]:
        limits = self._limits
        cpu, wall = limits.cell_cpu_seconds, limits.cell_wall_seconds
        process.budget(cpu + GRACE_SECONDS)
        deadline = time.monotonic() + wall + GRACE_SECONDS
        request = {
            "op": "run",
            "cell": step.cell_id,
            "source": step.source,
            "cpu": cpu,
            "wall": wall,
        }
        try:
            wire.send_frame(process.channel, b"E" + wire.encode(request), wall)
            while True:
                frame = wire.receive_frame(process.channel, deadline)
                if frame[:1] == b"E":
                    return wire.decode(memoryview(frame)[1:])
        except wire.WireError as error:
            raise cause_of_death(process, error, self._limits) from error

    # -- process B ---------------------------------------------------------------------------

    def _living_b(self) -> sandbox.Process:
        if self._b is None:
            self._b = self._for_b.spawn(self._limits, self._settings)
            for step in self._given:
                self._in_b(step)
        return self._b

    def _in_b(self, step: Step) -> dict[str, Any]:
        """Run a given cell or a test in B, and carry frames between the two meanwhile."""
        process = self._b if self._b is not None else self._living_b()
        limits = self._limits
        cpu, wall = limits.cell_cpu_seconds, limits.cell_wall_seconds
        request = {
            "op": "run",
            "cell": step.cell_id,
            "source": step.source,
            "cpu": 2 * cpu,
            "wall": 2 * wall,
        }
        process.budget(2 * cpu + GRACE_SECONDS)
        link = Link(process, lambda: self._ready_a(cpu, wall), limits)
        try:
            wire.send_frame(process.channel, b"E" + wire.encode(request), wall)
            reply = link.carry(time.monotonic() + wall + GRACE_SECONDS)
        except wire.WireError as error:
            why = process.reason(2.0)
            process.close()
            self._b = None
            kind = "timeout" if why == "cpu" or isinstance(error, wire.Late) else "wire"
            reply = {"error": {"kind": kind, "text": "the test itself was stopped"}}
        if link.death is not None:
            self._forget_a(link.death)
            reply["death"] = link.death
        return reply

    def _ready_a(self, cpu: int, wall: int) -> sandbox.Process:
        process = self._living_a()
        process.budget(cpu + GRACE_SECONDS)
        try:
            wire.send_frame(
                process.channel,
                b"E" + wire.encode({"op": "budget", "cpu": cpu, "wall": wall}),
                wall,
            )
        except wire.WireError as error:
            raise cause_of_death(process, error, self._limits) from error
        return process

    def _test(self, step: Step) -> tuple[tuple[dict[str, Any], ...], CheckResult | None]:
        started = time.perf_counter()
        reply = self._in_b(step)
        death = reply.get("death")
        if isinstance(death, Died):
            reply["error"] = {"kind": "died", "outcome": death.outcome, "text": str(death)}
        check = verdict.of_test(step, reply, self._plan, self._errors)
        seconds = time.perf_counter() - started
        shown = outputs.clean(reply.get("outputs"))
        if check.message and check.outcome not in (Outcome.PASSED, Outcome.PARTIAL):
            name = "AssertionError" if check.outcome is Outcome.FAILED else check.outcome.value
            shown = (*shown, outputs.error_output({"type": name, "text": check.message}))
        return shown, verdict.timed(check, seconds) if step.is_check else None
