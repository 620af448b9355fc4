# SPDX-License-Identifier: GPL-3.0-or-later
"""A render's files: read as it goes, so that hours need no more memory than seconds; written whole or not at all."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from support_cli import BINARY, tonmeister

# The peak of the resident memory of one child, in MB.
INSIDE = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
assert done.returncode == 0, done.stderr
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "desk.json"
    path.write_text(json.dumps({"version": 1, "strips": {"a": {"channels": 2, "input": [], "chain": [], "output": []}}}))
    return path


def long_wav(path, frames):
    """Silence of 16 bits in two channels, as a sparse file."""
    data = frames * 4
    with path.open("wb") as file:
        file.write(b"RIFF" + (36 + data).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little"))
        for value, size in ((1, 2), (2, 2), (48000, 4), (192000, 4), (4, 2), (16, 2)):
            file.write(value.to_bytes(size, "little"))
        file.write(b"data" + data.to_bytes(4, "little"))
        file.truncate(44 + data)


@pytest.mark.parametrize("rate", [48000, 44100])
def test_hours_need_no_more_memory_than_seconds(config, tmp_path, rate):
    """Five hours, the most that a WAV of this kind holds: 7 GB as floats. One second of it is rendered."""
    config.write_text(json.dumps({**json.loads(config.read_text()), "engine": {"sample_rate": rate}}))
    long_wav(tmp_path / "in.wav", 5 * 3600 * 48000)
    done = subprocess.run([sys.executable, "-c", INSIDE, BINARY, "render", config, "--input", f"a={tmp_path / 'in.wav'}", "--length", "1",
                           "--output", f"a={tmp_path / 'out.wav'}"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 200




def render(config, tmp_path, *words):
    long_wav(tmp_path / "in.wav", 48000)
    return tonmeister("render", config, "--input", f"a={tmp_path / 'in.wav'}", *words)


@pytest.mark.parametrize("twin", ["x.wav", "./x.wav", "../{folder}/x.wav", "link.wav"])
def test_two_outputs_never_share_a_file(config, tmp_path, twin):
    desk = json.loads(config.read_text())
    config.write_text(json.dumps({**desk, "strips": {**desk["strips"], "b": desk["strips"]["a"]}}))
    (tmp_path / "x.wav").write_bytes(b"as before")
    (tmp_path / "link.wav").symlink_to(tmp_path / "x.wav")
    second = os.path.join(tmp_path, twin.format(folder=tmp_path.name))
    done = render(config, tmp_path, "--output", f"a={tmp_path / 'x.wav'}", "--output", f"b={second}")
    assert done.returncode == 1 and f'--output b={second}: the output of "a" goes to the same file' in done.stderr
    assert (tmp_path / "x.wav").read_bytes() == b"as before"


def test_an_output_is_never_an_input(config, tmp_path):
    done = render(config, tmp_path, "--output", f"a={tmp_path / '.' / 'in.wav'}")
    assert done.returncode == 1 and "is an input, too" in done.stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_render_that_is_stopped_leaves_what_was_there(config, tmp_path, how):
    (tmp_path / "out.wav").write_bytes(b"as before")
    long_wav(tmp_path / "in.wav", 5 * 3600 * 48000)
    with subprocess.Popen([BINARY, "render", config, "--input", f"a={tmp_path / 'in.wav'}", "--output", f"a={tmp_path / 'out.wav'}"],
                          stderr=subprocess.PIPE, text=True) as running:
        until = time.monotonic() + 20
        part = tmp_path / "out.part.wav"
        while not (part.exists() and part.stat().st_size > 100_000) and time.monotonic() < until:
            time.sleep(0.01)
        assert part.exists()
        running.send_signal(how)
        said = running.communicate(timeout=20)[1]
    assert (tmp_path / "out.wav").read_bytes() == b"as before"
    if how != signal.SIGKILL:
        assert running.returncode == 1 and "interrupted" in said
        assert not part.exists()


def test_a_device_is_written_itself(config, tmp_path):
    before = sorted(os.listdir("/dev"))
    (tmp_path / "out.wav").symlink_to("/dev/null")
    assert render(config, tmp_path, "--output", f"a={tmp_path / 'out.wav'}").returncode == 0
    assert sorted(os.listdir("/dev")) == before and (tmp_path / "out.wav").is_char_device()
