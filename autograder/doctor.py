"""What the sandbox enforces on this machine: each claim is tried, not read from a table."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
from dataclasses import dataclass

from autograder import sandbox, wire
from autograder.limits import Limits

_LIMITS = Limits(
    cell_cpu_seconds=2, cell_wall_seconds=8, memory_mib=300, processes=16, disk_mib=8, file_mib=4
)


@dataclass(frozen=True)
class Finding:
    """One line of the report; ``good`` is None for something that is only worth knowing."""

    good: bool | None
    text: str


#: Code for the student's process, what must come out, what that means, and what it means if it
#: does not.
_PROBES = (
    (
        "import socket\ntry:\n    socket.create_connection(('1.1.1.1', 53), 1); print('open')\n"
        "except OSError: print('closed')",
        "closed",
        "no network inside the sandbox",
        "the network can be reached from the sandbox",
    ),
    (
        "import os\nn = 0\ntry:\n    while n < 200:\n        if os.fork() == 0:\n            "
        "import time; time.sleep(5); "
        "os._exit(0)\n        n += 1\nexcept OSError: pass\nprint('held' if n < 50 else "
        "'unlimited')",
        "held",
        "the number of processes is limited (a fork bomb stops)",
        "the number of processes is not limited: a fork bomb would reach this machine",
    ),
    (
        "try:\n    x = bytearray(1 << 30); print('unlimited')\nexcept MemoryError: print('held')",
        "held",
        "memory is limited",
        "memory is not limited",
    ),
    (
        "try:\n    with open('/tmp/x', 'wb') as f:\n        for _ in range(40): "
        "f.write(bytes(1 << 20))\n"
        "    print('unlimited')\nexcept OSError: print('held')",
        "held",
        "disk space is limited, and gone with the process",
        "disk space is not limited",
    ),
    (
        "import os\nopened = []\nfor p in ('/etc/shadow', '/root', '/home', '/var/lib'):\n   "
        " try: os.listdir(p) if "
        "os.path.isdir(p) else open(p); opened.append(p)\n    except OSError: "
        "pass\nprint(opened or 'hidden')",
        "hidden",
        "the machine's own files are out of sight",
        "files of this machine can be read from the sandbox",
    ),
    (
        "import os\ntry:\n    open('/usr/x', 'w'); print('open')\nexcept OSError: print('closed')",
        "closed",
        "the sandbox cannot write to the system",
        "the sandbox can write to the system",
    ),
    (
        "import os\nprint('other' if os.getuid() else 'root')",
        "other",
        "students' code does not run as root",
        "students' code runs as root",
    ),
    (
        "import os\nprint('own' if os.path.isdir('/proc/self') and len([p for p in "
        "os.listdir('/proc') if p.isdigit()]) "
        "< 4 else 'none' if not os.listdir('/proc') else 'shared')",
        ("own", "none"),
        "other processes are out of sight",
        "other processes can be seen",
    ),
)


def examine() -> list[Finding]:
    """Look at the machine and try the walls."""
    findings = [
        Finding(
            None, f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
        )
    ]
    for name in ("nbgrader", "nbclient", "ipython", "numpy", "torch"):
        try:
            findings.append(Finding(None, f"{name} {importlib.metadata.version(name)}"))
        except importlib.metadata.PackageNotFoundError:
            findings.append(Finding(None if name == "torch" else False, f"{name} is not installed"))
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        advice = (
            "bubblewrap is not installed. `autograder grade` refuses to run strangers' code "
            "without it. "
            "Debian and Ubuntu: apt install bubblewrap. Fedora: dnf install bubblewrap."
        )
        return [*findings, Finding(False, advice)]
    version = subprocess.run(
        [bwrap, "--version"], capture_output=True, text=True, check=False
    ).stdout.strip()
    findings.append(Finding(True, f"{version} at {bwrap}"))
    if os.getuid() == 0:
        text = (
            f"started by root: students' code runs as user {sandbox.UNPRIVILEGED}, in a user "
            f"namespace of its own, "
            "because the limit on processes does not hold for root. An ordinary account is "
            "still the better choice."
        )
        findings.append(Finding(None, text))
    try:
        findings += _probe()
    except sandbox.SandboxError as error:
        findings.append(Finding(False, f"the sandbox does not work here: {error}"))
        findings.append(Finding(None, _USER_NAMESPACES))
    findings.append(Finding(None, _NOT_DEFENDED))
    return findings


_USER_NAMESPACES = (
    "Ordinary users need user namespaces. Ubuntu 24.04 and later: install the distribution's "
    "AppArmor profile "
    "for bwrap. In Docker: run with --security-opt seccomp=unconfined, or grade outside of "
    "the container."
)
_NOT_DEFENDED = (
    "Not defended anywhere: an attack on the Linux kernel itself. "
    "For a hostile class, grade on a virtual machine."
)


def _probe() -> list[Finding]:
    nursery = sandbox.Nursery(sandbox.profile_for_answers(()))
    findings = []
    try:
        for code, wanted, good, bad in _PROBES:
            process = nursery.spawn(_LIMITS, {"seed": 0})
            try:
                said = _run(process, code)
            finally:
                process.close()
            accepted = wanted if isinstance(wanted, tuple) else (wanted,)
            fine = said in accepted
            findings.append(Finding(fine, good if fine else f"{bad} ({said or 'no answer'})"))
    finally:
        nursery.close()
    return findings


def _run(process: sandbox.Process, code: str) -> str:
    import time

    request = {"op": "run", "cell": "probe", "source": code, "cpu": 3, "wall": 8}
    try:
        wire.send_frame(process.channel, b"E" + wire.encode(request), 8)
        frame = wire.receive_frame(process.channel, time.monotonic() + 12)
        reply = wire.decode(memoryview(frame)[1:])
    except wire.WireError as error:
        return f"ended: {process.reason(1.0) or error}"
    return "".join(o.get("text", "") for o in reply["outputs"]).strip()
