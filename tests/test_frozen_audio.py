# SPDX-License-Identifier: GPL-3.0-or-later
"""SYS-3: an audio thread that stands still starves the watchdog; the service manager aborts and restarts, and the settings are back.

The thread alone is stopped, as a debugger does it (ptrace). The manager here does what systemd.service(5) says of
WatchdogSec= and Restart=on-failure: SIGABRT when WATCHDOG_USEC has passed since the last WATCHDOG=1, then a new start."""

import ctypes
import os
import pathlib
import signal
import subprocess
import time

import pytest
from desk import Daemon, write_config
from osc_client import wait_for
from test_service import STRIPS, Manager

WATCHDOG = 1.0  # s
SEIZE, INTERRUPT = 0x4206, 0x4207  # linux/ptrace.h


def freeze(pid, name):
    """Stops the one thread of that name; the others go on."""
    thread, = (int(task.name) for task in pathlib.Path(f"/proc/{pid}/task").iterdir() if (task / "comm").read_text().strip() == name)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    for request in (SEIZE, INTERRUPT):
        assert libc.ptrace(request, thread, None, None) == 0, f"ptrace: {ctypes.get_errno()}"
    state = lambda: pathlib.Path(f"/proc/{pid}/task/{thread}/status").read_text().split("State:")[1].split()[0]
    assert wait_for(lambda: state() == "t", 2)
    return thread


def reap(thread):
    """A traced thread's end is its tracer's to take; the process can't go before."""
    wall = 0x40000000  # linux/wait.h: __WALL
    def ended():
        try:
            done, status = os.waitpid(thread, wall | os.WNOHANG)
        except ChildProcessError:
            return True
        return done == thread and not os.WIFSTOPPED(status)
    assert wait_for(ended, 5)


def test_SYS_3_a_frozen_audio_thread_is_aborted_and_the_settings_are_back(tmp_path):
    manager = Manager(tmp_path)
    config, state = write_config(tmp_path, STRIPS), tmp_path / "s.state.json"
    desk = Daemon(config, "--state", state, env=manager.env(watchdog=WATCHDOG))
    thread = 0
    try:
        assert manager.listen(10, "READY=1")
        desk.client.obey("/a/fader/level", -13.5)
        assert wait_for(lambda: desk.client.ask("/tonmeister/status")[-1] == "saved")
        assert manager.listen(5, "WATCHDOG=1")
        thread = freeze(desk.pid, "audio")
        frozen = time.monotonic()
        last = lambda: max((moment for moment, line in manager.heard if line == "WATCHDOG=1"), default=frozen)
        while time.monotonic() < last() + WATCHDOG:
            assert desk.answers_ping(1)  # only the audio stands still: OSC answers, and nothing else would notice
            manager.listen(0.05)
            assert time.monotonic() < frozen + 3 * WATCHDOG, "fed while no audio ran"
        starved = time.monotonic() - frozen
        desk.process.send_signal(signal.SIGABRT)
        reap(thread)
        assert desk.process.wait(5) == -signal.SIGABRT
        assert starved <= 2 * WATCHDOG
    finally:
        if desk.process.poll() is None:
            desk.process.kill()
            reap(thread)
        desk.kill()
    print(f"aborted {starved:.2f} s after the freeze, watchdog {WATCHDOG} s")
    command = [word for word in desk.process.args if word != "--fresh"]  # a unit does not start afresh
    with (tmp_path / "again.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as again:
        try:
            log_text = lambda: (tmp_path / "again.log").read_text()
            assert wait_for(lambda: "1 setting back" in log_text() and "internal clock: 48000 Hz" in log_text()), log_text()
        finally:
            again.terminate()
        assert again.wait(5) == 0


@pytest.mark.parametrize("name", ["audio"])
def test_the_audio_thread_has_a_name(tmp_path, name):
    with Daemon(write_config(tmp_path, STRIPS)) as desk:
        assert wait_for(lambda: any((task / "comm").read_text().strip() == name for task in pathlib.Path(f"/proc/{desk.pid}/task").iterdir()))
