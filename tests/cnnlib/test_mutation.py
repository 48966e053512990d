import subprocess
import sys
from pathlib import Path

import pytest

from tests.cnnlib import mutation


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_deliberate_fault_is_caught():
    script = Path(mutation.__file__)
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_fault_still_fits_its_source():
    assert len(mutation.FAULTS) >= 40
    for fault in mutation.FAULTS:
        source = (mutation.ROOT / "cnnlib" / fault.path).read_text()
        assert source.count(fault.right) == 1, fault
