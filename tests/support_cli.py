# SPDX-License-Identifier: GPL-3.0-or-later
"""The binary under test, and daemons of it, for the tests of whole programs.

TONMEISTER names the binary; by default the one of the build in build/."""

import contextlib
import errno
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(os.environ.get("TONMEISTER", ROOT / "build/src/app/tonmeister")).absolute()
# Every *.json here but the schema is a config.
GOOD = sorted(path for path in (ROOT / "configs").glob("*.json") if not path.name.endswith(".schema.json"))


def tonmeister(*words, timeout=60, **options):
    """Runs a subcommand in the project's folder; text comes back decoded."""
    assert BINARY.is_file(), f"{BINARY} is missing: build it first, or name it in TONMEISTER"
    return subprocess.run([BINARY, *map(str, words)], cwd=ROOT, capture_output=True, text=True, encoding="utf-8",
                          timeout=timeout, check=False, **options)


def modules():
    """The parameter tables: { module: { parameter: row } }, read-outs included."""
    done = tonmeister("modules", "--json")
    assert done.returncode == 0, done.stderr
    return {module["name"]: {row["name"]: row for row in module["parameters"]} for module in json.loads(done.stdout)}


def free_port():
    """A UDP port that nobody has, and that stays free while a daemon on it is started again: below the range from which
    the kernel gives ports to sockets that name none (32768 to 60999, ip(7)), as every client's does."""
    while True:
        port = random.SystemRandom().randrange(20000, 32768)  # a test's own seed would bring the same port to two
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError as failure:
                if failure.errno != errno.EADDRINUSE:
                    raise


def in_own(kind):
    """The words before a command that run it as root in a namespace of its own ("mount", "net").

    A user's own namespace needs no rights, but a chroot forbids it (user_namespaces(7)); there, root needs none. In a
    chroot no mount can be made private either: unmount what you mounted."""
    ways = (["unshare", "--map-root-user", f"--{kind}"], ["unshare", "--propagation", "unchanged", f"--{kind}"])
    for words in ways:
        if subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0:
            return words
    raise AssertionError(f"this user may not make a {kind} namespace: run the tests as root, or allow user namespaces")


class Daemon:
    """`tonmeister run` on the internal clock, with its state in a folder of the test."""

    def __init__(self, config, folder, *words, port=None):
        self.port = port or free_port()
        self.url = f"udp://127.0.0.1:{self.port}"
        self.log = pathlib.Path(folder) / "daemon.log"
        environment = {**os.environ, "TONMEISTER_URL": self.url, "STATE_DIRECTORY": str(folder)}
        environment.pop("NOTIFY_SOCKET", None)
        self.environment = environment
        with self.log.open("a") as log:
            self.process = subprocess.Popen([BINARY, "run", str(config), "--backend", "internal", "--osc", self.url,
                                             *map(str, words)], stdout=log, stderr=log, env=environment)
        try:
            self.wait_until_ready()
        except BaseException:
            self.stop(signal.SIGKILL)
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def ask(self, *words, timeout=30):
        return tonmeister(*words, timeout=timeout, env=self.environment)

    def get(self, address):
        done = self.ask("get", address, "--plain")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def set(self, *words):
        done = self.ask("set", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def wait_until_ready(self):
        until = time.monotonic() + 20
        while time.monotonic() < until:
            assert self.process.poll() is None, self.log.read_text()
            if self.ask("send", "/tonmeister/ping", "--timeout", "0.5").returncode == 0:
                return
            time.sleep(0.02)
        raise AssertionError(f"the daemon does not answer: {self.log.read_text()}")

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(timeout=20)
        return self.process.returncode
