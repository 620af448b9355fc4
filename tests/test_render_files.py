# SPDX-License-Identifier: GPL-3.0-or-later
"""A render's files: read as it goes, so that hours need no more memory than seconds; written whole or not at all."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from scipy.io import wavfile
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


def test_a_file_that_looks_like_a_part_is_never_touched(config, tmp_path):
    """Neither an input nor a stranger; and what a render adds beside its output is gone when it is over."""
    long_wav(tmp_path / "y.part.wav", 4800)
    (tmp_path / "z.part.wav").write_bytes(b"as before")
    (tmp_path / "z.part-2.wav").write_bytes(b"as before, too")
    before = (tmp_path / "y.part.wav").read_bytes()
    for output in ("y", "z"):
        done = tonmeister("render", config, "--input", f"a={tmp_path / 'y.part.wav'}", "--output", f"a={tmp_path / output}.wav")
        assert done.returncode == 0, done.stderr
        assert wavfile.read(tmp_path / f"{output}.wav")[1].shape == (4800, 2)
    assert (tmp_path / "y.part.wav").read_bytes() == before
    assert (tmp_path / "z.part.wav").read_bytes() == b"as before" and (tmp_path / "z.part-2.wav").read_bytes() == b"as before, too"
    assert sorted(path.name for path in tmp_path.glob("*.wav")) == ["y.part.wav", "y.wav", "z.part-2.wav", "z.part.wav", "z.wav"]


def test_errors_name_the_output_as_it_was_given(config, tmp_path):
    done = render(config, tmp_path, "--output", f"a={tmp_path / 'o.mp3'}")
    assert done.returncode == 1 and f"{tmp_path / 'o.mp3'}: the ending names no format" in done.stderr
    done = render(config, tmp_path, "--output", f"a={tmp_path / 'nowhere' / 'o.wav'}")
    assert done.returncode == 1 and f"{tmp_path / 'nowhere' / 'o.wav'}: no such file or folder" in done.stderr
    capped = ["sh", "-c", 'ulimit -f 8; trap "" XFSZ; exec "$@"', "sh"]
    done = subprocess.run([*capped, BINARY, "render", config, "--input", f"a={tmp_path / 'in.wav'}", "--output", f"a={tmp_path / 'full.wav'}"],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and f"{tmp_path / 'full.wav'}: the file has reached the biggest size" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["desk.json", "in.wav"]


def test_a_strip_is_fed_from_one_file_and_told_beside_the_rest(config, tmp_path):
    long_wav(tmp_path / "two.wav", 4800)
    done = render(config, tmp_path, "--input", f"a={tmp_path / 'two.wav'}", "--output", f"a={tmp_path / 'out.wav'}", "--output", f"nobody={tmp_path / 'n.wav'}")
    assert done.returncode == 1 and "2 errors, nothing was rendered" in done.stderr and 'there is no strip "nobody"' in done.stderr
    assert f'--input a={tmp_path / "two.wav"}: {tmp_path / "in.wav"} feeds "a" already' in done.stderr
    assert not (tmp_path / "out.wav").exists()


def test_a_strip_may_be_written_to_two_files(config, tmp_path):
    """Of two endings, or two names: both hold the whole, in the sample type of the option."""
    noise = np.random.default_rng(5).integers(-2**15, 2**15, (4800, 2)).astype(np.int16)
    wavfile.write(tmp_path / "noise.wav", 48000, noise)
    done = tonmeister("render", config, "--input", f"a={tmp_path / 'noise.wav'}", "--bits", "16", "--no-dither",
                      "--output", f"a={tmp_path / 'one.wav'}", "--output", f"a={tmp_path / 'two.wav'}")
    assert done.returncode == 0, done.stderr
    for name in ("one.wav", "two.wav"):
        assert np.array_equal(wavfile.read(tmp_path / name)[1], noise)


@pytest.mark.parametrize("names", [["x.part.wav", "x.wav"], ["x.wav", "x.part.wav"], ["x.part-2.wav", "x.part.wav", "x.wav"]])
def test_an_output_that_is_called_as_a_part_is_no_part(config, tmp_path, names):
    """Each strip has its own constant, so that a mix-up shows."""
    strips = {f"s{i}": {"channels": 1, "input": [], "chain": [], "output": []} for i in range(len(names))}
    config.write_text(json.dumps({"version": 1, "strips": strips}))
    words = []
    for i, name in enumerate(names):
        wavfile.write(tmp_path / f"in{i}", 48000, np.full(4800, 1000 * (i + 1), np.int16))
        words += ["--input", f"s{i}={tmp_path / f'in{i}'}", "--output", f"s{i}={tmp_path / name}"]
    done = tonmeister("render", config, *words, "--bits", "16", "--no-dither")
    assert done.returncode == 0, done.stderr
    for i, name in enumerate(names):
        assert np.array_equal(wavfile.read(tmp_path / name)[1], np.full(4800, 1000 * (i + 1))), name
    assert sorted(path.name for path in tmp_path.glob("x*")) == sorted(names)
