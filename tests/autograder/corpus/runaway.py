# ruff: noqa: E501 -- one case reads best as one entry
"""Code that does not stop, takes everything, or ends its process. One exercise pays, the others do not."""

from __future__ import annotations

from tests.autograder.corpus import ADD, Case, lost


def _add(body: str) -> dict[str, str]:
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return {"add": f"def add(a, b):\n{lines}\n"}


CASES = [
    Case("loop-in-function", lost("timeout", *ADD), _add("while True:\n    pass"), slow=True),
    Case("loop-in-cell", lost("timeout", *ADD), {"add": "while True:\n    pass"}, says="because its cell", slow=True),
    Case("loop-that-catches-everything", lost("timeout", *ADD),
         _add("while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass"),
         slow=True),
    Case("loop-that-ignores-signals", lost("timeout", *ADD),
         _add("import signal\nfor s in (2, 14, 15, 27):\n    signal.signal(s, signal.SIG_IGN)\nwhile True:\n    pass"),
         slow=True),
    Case("sleep-for-ever", lost("timeout", *ADD), _add("import time\ntime.sleep(10**6)"), slow=True),
    Case("deadlock", lost("timeout", *ADD),
         _add("import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()"), slow=True),
    Case("processor-time-in-children", lost("timeout", *ADD),
         _add("import os\nfor _ in range(3):\n    if os.fork() == 0:\n        while True:\n            pass\n"
              "import time\ntime.sleep(10**6)"), slow=True),
    Case("os-exit", lost("process-died", *ADD), _add("import os\nos._exit(0)"), says="ended the Python process"),
    Case("os-exit-in-cell", lost("process-died", *ADD), {"add": "import os\nos._exit(0)"}),
    Case("segfault", lost("process-died", *ADD), _add("import ctypes\nctypes.string_at(0)"), says="SIGSEGV"),
    Case("abort", lost("process-died", *ADD), _add("import os\nos.abort()"), says="SIGABRT"),
    Case("kill-itself", lost("process-died", *ADD), _add("import os\nos.kill(os.getpid(), 9)"), says="SIGKILL"),
    Case("kill-everything", lost("process-died", *ADD),
         _add("import os\ntry:\n    os.kill(-1, 9)\nexcept OSError:\n    pass\nos.kill(1, 9)\nos._exit(1)")),
    Case("sys-exit", lost("error", *ADD), _add("import sys\nsys.exit(3)"), says="SystemExit"),
    Case("sys-exit-in-cell", extra={"add": "import sys\nsys.exit(0)"}),
    Case("quit-in-cell", extra={"add": "quit()"}),
    Case("crash-late", lost("process-died", "counter-check"),
         {"counter": "class Counter:\n    def __init__(self):\n        import os\n        os._exit(5)"}),
    Case("crash-each-time", lost("process-died", *ADD, "relu-check", "slope-check", "counter-check"), {
        "add": "def add(a, b):\n    import os\n    os._exit(1)",
        "relu": "def relu(x):\n    import os\n    os._exit(1)",
        "slope": "def slope(f, x):\n    import os\n    os._exit(1)",
        "counter": "class Counter:\n    def __init__(self):\n        import os\n        os._exit(1)"}),
    Case("memory-bomb", lost("out-of-memory", *ADD), _add("x = bytearray(8 << 30)\nreturn a"), says="MemoryError"),
    Case("memory-bomb-slow", lost("out-of-memory", *ADD), _add("x = []\nwhile True:\n    x.append(bytearray(1 << 22))")),
    Case("memory-bomb-shared", lost("error", *ADD),
         _add("import mmap\nm = mmap.mmap(-1, 8 << 30)\nm[:] = b'x' * (8 << 30)")),
    Case("memory-bomb-in-children", lost("out-of-memory", *ADD),
         _add("import os, time\nfor _ in range(6):\n    if os.fork() == 0:\n        x = b'x' * (130 << 20)\n"
              "        time.sleep(60)\ntime.sleep(60)"), slow=True),
    Case("recursion", lost("error", *ADD), _add("return add(a, b)"), says="RecursionError"),
    Case("fork-bomb", lost("error", *ADD), _add("import os\nfor _ in range(1000):\n    if os.fork() == 0:\n"
         "        import time\n        time.sleep(60)"), says="BlockingIOError"),
    Case("thread-bomb", lost("error", *ADD), _add("import threading, time\nfor _ in range(1000):\n"
         "    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()")),
    Case("disk-fill", lost("error", *ADD), _add("with open('/tmp/big', 'wb') as f:\n    for _ in range(400):\n"
         "        f.write(bytes(1 << 20))"), says="Errno"),
    Case("many-files", lost("error", *ADD), _add("for n in range(100_000):\n    open(f'/tmp/f{n}', 'w').close()")),
    Case("shared-memory-fill", lost("error", *ADD), _add("with open('/dev/shm/big', 'wb') as f:\n"
         "    for _ in range(400):\n        f.write(bytes(1 << 20))")),
    Case("many-lines", extra={"add": "for n in range(300_000):\n    print('line', n)"}),
    Case("one-long-line", extra={"add": "print('x' * 30_000_000)"}),
    Case("long-value", extra={"add": "'x' * 30_000_000"}),
    Case("many-displays", extra={"add": "from IPython.display import display\nfor n in range(3000):\n    display(n)"}),
    Case("daemon", extra={"add": "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
         "        time.sleep(3600)\n    os._exit(0)"}),
    Case("sleeping-thread", extra={"add": "import threading, time\nthreading.Thread(target=time.sleep, "
         "args=(3600,)).start()"}),
    Case("atexit", extra={"add": "import atexit, time\natexit.register(time.sleep, 3600)"}),
    Case("input", lost("error", *ADD), _add("return int(input('a number: '))"), says="input()"),
    Case("stdin", lost("error", *ADD), _add("import sys\nreturn int(sys.stdin.readline())")),
    Case("warnings", extra={"add": "import warnings, sys\nwarnings.warn('careful')\nprint('x', file=sys.stderr)"}),
    Case("network", lost("error", *ADD), _add("import socket\nsocket.create_connection(('1.1.1.1', 80), 2)")),
    Case("pip-install", extra={"add": "!pip install evil 2>&1 | tail -1\n%timeit -n1 -r1 1 + 1"}),
    Case("files-limit", lost("error", *ADD), _add("f = [open('/dev/null') for _ in range(10_000)]"), says="Errno 24"),
    Case("closes-every-file", lost("process-died", *ADD), _add("import os\nos.closerange(0, 300)\nreturn a + b")),
    Case("exits-in-thread", lost("process-died", *ADD),
         _add("import threading, os\nt = threading.Thread(target=os._exit, args=(4,))\nt.start()\nt.join()")),
]  # fmt: skip
