# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds, starts and times the peers. Every process has an end: `LIMIT` seconds."""
import datetime
import json
import os
import platform
import re
import resource
import shlex
import subprocess

PACKAGES = ["g++", "libebur128-dev", "liblilv-dev", "libsndfile1-dev", "lsp-plugins-lv2", "nlohmann-json3-dev", "pkg-config",
            "supercollider-language", "supercollider-server", "x42-plugins"]
VERSIONS = ["supercollider-server", "x42-plugins", "lsp-plugins-lv2", "libebur128-1"]
LIMIT = 300
RATE = 48000


class Failed(Exception):
    """A peer did not do its work; the text says which, and what it printed."""


def call(command, **more):
    """What the command prints; Failed where it fails or takes too long."""
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=LIMIT, check=False,
                              stdin=subprocess.DEVNULL, **more)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"{shlex.join(map(str, command))}: {error}") from error
    if done.returncode != 0:
        raise Failed(f"{shlex.join(map(str, command))}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def version(package):
    """Of an installed Debian package, or None."""
    done = subprocess.run(["dpkg-query", "-W", "-f=${db:Status-Status} ${Version}", package], capture_output=True, text=True,
                          timeout=LIMIT, check=False)
    status, _, number = done.stdout.partition(" ")
    return number if done.returncode == 0 and status == "installed" else None


def missing_packages():
    return [package for package in PACKAGES if version(package) is None]


def install_command(packages):
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    return command if os.geteuid() == 0 else ["sudo", *command]


def build(root, folder):
    """Compiles the measuring programs; the programme, the clock and the judge are tonmeister bench's own sources."""
    here, shared = root / "bench/peers", root / "src/app/bench"
    flags = ["g++", "-std=c++20", "-O2", "-I", root / "src", "-I", here]
    call([*flags, "-o", folder / "lv2", here / "lv2.cpp", here / "lv2_host.cpp", shared / "programme.cpp",
          shared / "libebur128.cpp", shared / "timing.cpp",
          *call(["pkg-config", "--cflags", "--libs", "lilv-0", "libebur128"]).split()])
    call([*flags, "-o", folder / "noise", here / "noise.cpp", shared / "programme.cpp",
          *call(["pkg-config", "--cflags", "--libs", "sndfile"]).split()])
    return {"lv2": folder / "lv2", "noise": folder / "noise", "scores": here / "strips.scd"}


class SuperCollider:
    """scsynth offline: 32 strips, still and moving. What it takes to read the input and run no strip is taken off."""

    STRIPS = 32

    def __init__(self, tools, folder, seconds):
        self.folder, self.seconds = folder, seconds
        call([tools["noise"], folder / "noise.wav", seconds, self.STRIPS])
        # sclang is a Qt program; it needs no display and no sandbox to write three files.
        call(["sclang", "-D", tools["scores"]], cwd=folder,
             env={**os.environ, "PEERS_SCORES": str(folder), "PEERS_SECONDS": str(seconds), "QT_QPA_PLATFORM": "offscreen",
                  "QTWEBENGINE_CHROMIUM_FLAGS": "--no-sandbox"})

    def processor_seconds(self, score):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        out = self.folder / "out.wav"
        call(["scsynth", "-N", self.folder / f"{score}.osc", self.folder / "noise.wav", out, RATE, "WAV", "float",
              "-z", 64, "-i", self.STRIPS, "-o", 2])
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.check(out, score)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def check(self, out, score):
        """It must have played all of it, and something: stereo float for `seconds`, silent only without strips."""
        data = out.read_bytes()[-RATE * 8:]
        if out.stat().st_size < self.seconds * RATE * 8 or any(data) != (score != "none"):
            raise Failed(f"scsynth did not play {score}")

    def measure(self):
        """ns per sample and strip."""
        seconds = {score: self.processor_seconds(score) for score in ("none", "still", "moving")}
        work = self.STRIPS * self.seconds * RATE
        return {score: (seconds[score] - seconds["none"]) * 1e9 / work for score in ("still", "moving")}


def tonmeister(path, quick):
    return json.loads(call([path, "bench", "strips", "limiter", "loudness", "--json", *(["--quick"] if quick else [])]))


def lv2(tools, quick):
    return json.loads(call([tools["lv2"], *(["--quick"] if quick else [])]))


def machine(path):
    """Where and with what was measured."""
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        model = re.search(r"^model name\s*:\s*(.*)$", info.read(), re.MULTILINE)
    return {
        "date": datetime.date.today().isoformat(),
        "processor": model.group(1) if model else platform.machine(),
        "processors": os.cpu_count(),
        "kernel": platform.release(),
        "tonmeister": call([path, "--version"]).strip(),
        "packages": {package: version(package) for package in VERSIONS},
    }
