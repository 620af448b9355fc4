# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpers of the whole-program tests: a daemon, a JACK server.

TONMEISTER names the binary (by default that of build/), TONMEISTER_BUILD its build directory."""

import contextlib
import fcntl
import functools
import json
import os
import pathlib
import signal
import subprocess
import time
import warnings

import numpy as np
from osc_client import PATIENCE, Client, wait_for
from scipy.io import wavfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(os.environ.get("TONMEISTER", ROOT / "build/src/app/tonmeister")).absolute()
BUILD = pathlib.Path(os.environ.get("TONMEISTER_BUILD", BINARY.parent.parent.parent)).absolute()


def write_config(folder, strips, file="desk.json", **more):
    """A config file of these strips; returns its path. Sound doesn't wait for ports that a test never makes."""
    path = pathlib.Path(folder) / file
    path.write_text(json.dumps({"version": 1, "strips": strips, "start": {"patience": 0.1}} | more, indent=1), encoding="utf-8")
    return path


class Daemon:
    """`tonmeister run`, ended by SIGTERM with exit 0 at the end of the with-block. Without `osc`, the config names one UDP URL."""

    def __init__(self, config, *arguments, backend="internal", osc=("udp://127.0.0.1:0",), env=None):
        assert BINARY.is_file(), f"{BINARY} is missing: build it first, or name it in TONMEISTER"
        config = pathlib.Path(config)
        self.config = config
        self.log_file = config.with_name(f"daemon-{time.monotonic_ns()}.log")
        urls = [word for url in osc for word in ("--osc", url)]
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [BINARY, "run", config, "--fresh", "--backend", backend, *urls, *arguments], stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, env=os.environ | {"XDG_STATE_HOME": str(config.parent)} | (env or {}))
        self.pid = self.process.pid
        self.proc = pathlib.Path(f"/proc/{self.pid}")
        try:
            heard = wait_for(lambda: self.process.poll() is not None or len(self.ports()) == max(1, len(osc)))
            assert heard and self.process.poll() is None, self.log()
            self.port = self.ports()[0]
            self.client = self.new_client() if not osc or osc[0].startswith("udp") else None
            if self.client:
                assert wait_for(self.answers_ping, every=0), self.log()
        except BaseException:
            self.kill()
            raise

    def answers_ping(self, seconds=0.5):
        """A new client's ping is answered within that time."""
        client = self.new_client()
        client.tell("/tonmeister/ping", 7)
        return client.hear("/tonmeister/pong", seconds) == [7]

    def ports(self):
        lines = self.log().splitlines()
        return [int(line.rsplit(":", 1)[1]) for line in lines if " OSC on " in line]

    def new_client(self):
        return Client(self.port)

    def log(self):
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def running(self):
        """Audio runs."""
        return self.client.status()["state"] == "running"

    def settle(self):
        """Audio runs, and the fade-in of its first 50 ms is over: each sync takes two blocks at least."""
        assert wait_for(self.running)
        for _ in range(25):
            self.client.sync()

    def stop(self):
        """Asks it to end; its exit code and how long that took, in seconds."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        return code, time.monotonic() - start

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print(self.log())
        if self.process.poll() is None:
            code, _ = self.stop()
            assert kind is not None or code == 0, f"exit {code}\n{self.log()}"
        elif kind is None:
            assert self.process.returncode == 0, f"exit {self.process.returncode}\n{self.log()}"


def server_name():
    """A free name for a JACK server, and the file whose lock keeps it ours while it is open.

    JACK's registry has room for eight servers. One that is killed leaves its place taken until a server of the same name starts, so
    that names are used again."""
    for _ in range(600):
        for number in range(1, 5):
            name = f"tonmeister-test-{number}"
            with contextlib.suppress(OSError):
                lock = open(f"/tmp/{name}.lock", "a", encoding="utf-8")  # noqa: SIM115: open as long as the name is ours
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return name, lock
                except OSError:
                    lock.close()
        time.sleep(0.1)
    raise AssertionError("other tests hold all names for JACK servers")


class JackServer:
    """A jackd of our own with the dummy driver and without real-time rights."""

    wrap = []  # words before a JACK program's own

    def __init__(self, folder, period=64, realtime=False):
        self.name, self.lock = server_name()
        self.env = {"JACK_DEFAULT_SERVER": self.name, "JACK_NO_AUDIO_RESERVATION": "1"}
        self.folder, self.period, self.process = pathlib.Path(folder), period, None
        self.rate = 48000
        self.realtime = ["-R", "-P", "70"] if realtime else ["-r"]

    def start(self):
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                ["jackd", *self.realtime, "-n", self.name, "-p", "512", "-d", "dummy", "-r", str(self.rate), "-p", str(self.period)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            assert wait_for(lambda: self.process.poll() is not None or self.run("jack_lsp").returncode == 0)
            assert self.process.poll() is None, (self.folder / f"{self.name}.log").read_text()
        except BaseException:
            self.stop()
            raise

    def run(self, *command, seconds=20):
        return subprocess.run(command, env=os.environ | self.env, capture_output=True, text=True, timeout=seconds, check=False)

    def ports(self, *flags):
        """What jack_lsp tells of each port, by name."""
        found, name = {}, None
        listing = self.run("jack_lsp", *flags)
        for line in listing.stdout.splitlines() if listing.returncode == 0 else ():
            if line[:1].isspace():
                found[name].append(line.strip())
            else:
                name = line
                found[name] = []
        return found

    def connections(self, port):
        return self.ports("-c").get(port)

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            if how == signal.SIGTERM:
                JackFeed.end_all()
            self.process.send_signal(how)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        self.lock.close()


class CyclesLost(AssertionError):
    """The machine took the processor away for so long that the server lost cycles: what was recorded says nothing of the desk."""


def on_a_machine_that_lets(test):
    """Tries again, four times at most, where the machine lost cycles."""

    @functools.wraps(test)
    def tried(**fixtures):
        for attempt in range(5):
            folder = fixtures["tmp_path"] / str(attempt)
            folder.mkdir()
            try:
                return test(**fixtures | {"tmp_path": folder})
            except CyclesLost:
                if attempt == 4:
                    raise
        return None

    return tried


class JackFeed:
    """tests/support/jack_feed.cpp: plays into ports and records others, frame by frame together."""

    started = []  # processes, of this test

    def __init__(self, server, folder, played, to, listen, frames=None, freewheel=False):
        program = BUILD / "tests/jack_feed"
        assert program.is_file(), f"{program} is missing: build it first, or name the build in TONMEISTER_BUILD"
        self.record = pathlib.Path(folder) / "heard.wav"
        words = [*server.wrap, program, "--record", self.record, "--frames", str(frames or len(played))]
        if to:
            wavfile.write(pathlib.Path(folder) / "played.wav", 48000, np.asarray(played, dtype=np.float32))
            words += ["--play", pathlib.Path(folder) / "played.wav"]
        for option, ports in (("--to", to), ("--from", listen)):
            for port in ports:
                words += [option, port]
        words += ["--freewheel"] * freewheel
        self.process = subprocess.Popen(words, env=os.environ | server.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.started.append(self.process)
        assert self.process.stdout.readline() == "playing\n", self.process.communicate()[1]

    def result(self):
        """What was heard (frames × ports), and how many frames of it were lost."""
        out, errors = self.process.communicate(timeout=150)
        assert self.process.returncode == 0, errors
        return read_wav(self.record), int(out.split()[-1])

    @classmethod
    def end_all(cls):
        """One that a test left behind, since it failed, would stop the next test's: libjack's semaphores are named after the clients.
        The server, while it runs, removes them."""
        while cls.started:
            process = cls.started.pop()
            process.kill()
            process.wait()

    def heard(self):
        """What was heard, of a run in which nothing was lost."""
        heard, lost = self.result()
        if lost:
            raise CyclesLost(f"the machine lost {lost} frames")
        return heard


def read_wav(path):
    """Frames × channels of a float WAV."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", wavfile.WavFileWarning)  # libsndfile adds a PEAK chunk
        samples = wavfile.read(path)[1]
    return samples.reshape(len(samples), -1)
