# SPDX-License-Identifier: GPL-3.0-or-later
"""A recorder on a disk that fills up: what it says it has written is what the file holds."""

import pathlib
import subprocess
import sys

from desk import write_config
from support_cli import in_own

INSIDE = """
import pathlib, subprocess, sys
sys.path.insert(0, sys.argv[1])
from desk import Daemon
from osc_client import wait_for
take = pathlib.Path(sys.argv[3])
with Daemon(sys.argv[2]) as desk:
    assert wait_for(lambda: desk.client.get("/a/recorder/state") == 3, 30)
    assert "the disk is full" in desk.log()
    said = desk.client.get("/a/recorder/written")
held = float(subprocess.run(["soxi", "-D", take], check=True, capture_output=True, text=True).stdout)
assert 1 < held < 12, held
assert abs(held - said) < 0.1, (held, said) # the header's last half block, and a float's steps
"""


def test_what_is_written_is_what_the_file_holds(tmp_path):
    full = tmp_path / "full"
    full.mkdir()
    chain = [{"noise": {}}, {"recorder": {"file": str(full / "a.wav"), "arm": True, "record": True}}]
    config = write_config(tmp_path, {"a": {"channels": 1, "chain": chain}})
    script = f"""mount -t tmpfs -o size=1m none {full} && {{ "$@"; result=$?; umount -l {full}; exit $result; }}"""
    done = subprocess.run([*in_own("mount"), "sh", "-c", script, "sh", sys.executable, "-c", INSIDE, str(pathlib.Path(__file__).parent), str(config), str(full / "a.wav")],
                          capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
