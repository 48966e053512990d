"""Walls around one forked process: its own namespaces, empty disks, limits and no privileges.

Runs inside the sandbox, in a child that the warm parent (:mod:`autograder.nursery`) has just
forked. Everything here is a system call away from the standard library, because Python 3.11 has no
``unshare``.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from collections.abc import Callable, Mapping

_libc = ctypes.CDLL(None, use_errno=True)

# <linux/sched.h>: mounts, control groups, host name, IPC, users, process ids, network
_NAMESPACES = (
    0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
)
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REC, _MS_PRIVATE = 2, 4, 8, 1 << 14, 1 << 18
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS, _PR_CAPBSET_DROP = 1, 4, 38, 24

#: How much a tmpfs may hold: /tmp takes what the code writes, the others are needed to be empty.
_SHM_MIB = 16


class JailError(OSError):
    """The walls could not be put up; nothing of a stranger has been run."""


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise JailError(number, f"{what}: {os.strerror(number)}")


def set_dumpable(value: bool) -> None:
    """Whether processes of the same user may look into this one."""
    _check(_libc.prctl(_PR_SET_DUMPABLE, int(value), 0, 0, 0), "prctl(PR_SET_DUMPABLE)")


def _mount(kind: str, target: str, options: str, flags: int = 0) -> int:
    return int(
        _libc.mount(
            kind.encode(),
            target.encode(),
            kind.encode(),
            _MS_NOSUID | _MS_NODEV | flags,
            options.encode(),
        )
    )


def enter_namespaces(disk_mib: int) -> None:
    """Leave the parent's namespaces; what it can see afterwards is read-only or empty."""
    uid, gid = os.getuid(), os.getgid()
    _check(_libc.unshare(_NAMESPACES), "unshare")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123 -- pathlib is not loaded here
            file.write(text)
    _check(_libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None), "mount private /")
    _check(_mount("tmpfs", "/tmp", f"size={disk_mib}m,nr_inodes=4096,mode=700"), "mount /tmp")
    _check(
        _mount("tmpfs", "/dev/shm", f"size={_SHM_MIB}m,nr_inodes=256,mode=700"), "mount /dev/shm"
    )


def hide_processes() -> None:
    """Show only this jail's processes, or none where the kernel refuses a second /proc.

    The parent's /proc must not stay: its processes belong to the same user.
    """
    if _mount("proc", "/proc", "", _MS_NOEXEC) != 0:
        _check(_mount("tmpfs", "/proc", "size=4k,nr_inodes=2,mode=555"), "mount over /proc")


class _CapHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _CapData(ctypes.Structure):
    _fields_ = [
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    ]


def drop_privileges() -> None:
    """Give up every capability for good, also through programs that are started later."""
    for capability in range(64):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break
    header, data = _CapHeader(0x20080522, 0), (_CapData * 2)()
    _check(_libc.capset(ctypes.byref(header), data), "capset")
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(PR_SET_NO_NEW_PRIVS)")


def set_limits(limits: Mapping[str, int]) -> None:
    """Limit this process and its children; memory counts on top of what is mapped already."""
    with open("/proc/self/statm") as file:  # noqa: PTH123 -- pathlib is not loaded here
        mapped = int(file.read().split()[0]) * resource.getpagesize()
    mib = 2**20
    for kind, value in (
        (resource.RLIMIT_AS, mapped + limits["memory_mib"] * mib),
        (resource.RLIMIT_CPU, limits["total_cpu_seconds"] + 5),
        (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_FSIZE, limits["file_mib"] * mib),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        resource.setrlimit(kind, (value, value))


def close_files_except(keep: int) -> None:
    """Close what the parent had open; standard streams go to /dev/null."""
    null = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.closerange(3, keep)
    os.closerange(keep + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def run_jailed(channel: int, limits: Mapping[str, int], work: Callable[[int], None]) -> int:
    """Fork a jail around ``work(channel)`` and return the process id of its first process."""
    read, write = os.pipe()
    middle = os.fork()
    if middle == 0:
        try:
            os.close(read)
            set_dumpable(True)  # or /proc/self/uid_map belongs to root
            enter_namespaces(limits["disk_mib"])
            first = os.fork()
            if first == 0:
                os.close(write)
                _first_process(channel, limits, work)
            os.write(write, str(first).encode())
            os._exit(0)
        except BaseException as error:
            os.write(write, f"!{error}".encode()[:4000])
            os._exit(1)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        answer = pipe.read().decode("utf-8", "replace")
    os.waitpid(middle, 0)
    if not answer.isdigit():
        raise JailError(f"the sandbox could not be built: {answer.lstrip('!')}")
    return int(answer)


def _first_process(channel: int, limits: Mapping[str, int], work: Callable[[int], None]) -> None:
    """Process 1 of the jail waits for the worker; when it ends, the kernel ends all the others."""
    try:
        second = os.fork()
        if second == 0:
            status = 70
            try:
                set_limits(limits)
                hide_processes()
                drop_privileges()
                close_files_except(channel)
                os.setsid()
                _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
                os.mkdir("/tmp/work")  # noqa: PTH102 -- pathlib is not loaded here
                os.chdir("/tmp/work")
                work(channel)
                status = 0
            finally:
                os._exit(status)
        drop_privileges()
        set_dumpable(False)
        os.close(channel)
        while True:
            pid, state = os.wait()
            if pid == second:
                os._exit(
                    128 + os.WTERMSIG(state) if os.WIFSIGNALED(state) else os.WEXITSTATUS(state)
                )
    finally:
        os._exit(71)
