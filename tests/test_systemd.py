# SPDX-License-Identifier: GPL-3.0-or-later
"""The units that the build makes of systemd/: hardened (SYS-1), known to systemd, fit for JACK and for real time, and installed
beside what they start."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from desk import BUILD

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "systemd"
VERSION = re.search(r"version: '([^']+)'", (FOLDER.parent / "meson.build").read_text(encoding="utf-8")).group(1)
UNITS = sorted((BUILD / "systemd").glob("*.service"))


def settings(unit):
    """All (key, value) pairs of a unit file, in order."""
    lines = unit.read_text(encoding="utf-8").splitlines()
    return [tuple(line.split("=", 1)) for line in lines if re.match(r"[A-Za-z]+=", line)]


def values(unit, key):
    return [value for name, value in settings(unit) if name == key]


def analyze(*arguments):
    assert shutil.which("systemd-analyze"), "systemd-analyze is missing: install the package systemd"
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The build, installed below a folder; and the prefix that it was configured with."""
    folder = tmp_path_factory.mktemp("installed")
    done = subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild"], env={**os.environ, "DESTDIR": str(folder)},
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    options = subprocess.run(["meson", "introspect", "--buildoptions", BUILD], capture_output=True, text=True, timeout=60, check=True)
    prefix = next(option["value"] for option in json.loads(options.stdout) if option["name"] == "prefix")
    return folder, folder / prefix.lstrip("/")


def test_what_the_units_start_is_installed_where_they_look(installed):
    folder, prefix = installed
    # Where systemd looks for units (systemd.unit(5)) and users (sysusers.d(5)), below the prefix.
    for unit, place in (("tonmeister.service", "lib/systemd/user"), ("tonmeister-system.service", "lib/systemd/system")):
        command = dict(settings(prefix / place / unit))["ExecStart"].split()
        program = folder / command[0].lstrip("/")
        assert subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, check=True).stdout.strip() == VERSION
        assert command[1] == "run"
    assert (prefix / "lib/sysusers.d/tonmeister.conf").read_bytes() == (FOLDER / "tonmeister.sysusers").read_bytes()


def test_the_configs_that_are_installed_find_their_files(installed):
    folder, prefix = installed
    share = prefix / "share/tonmeister/configs"
    assert {"demo.json", "studio.json", "tonmeister.schema.json"} <= {path.name for path in share.iterdir()}
    assert not (share / "broken").exists()
    for config in sorted(path for path in share.glob("*.json") if not path.name.endswith(".schema.json")):
        done = subprocess.run([prefix / "bin/tonmeister", "check", config], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    for page in ("README.md", "LICENSE", "docs/settings.md"):
        assert (prefix / "share/doc/tonmeister" / page).is_file()


def test_there_is_a_user_and_a_system_unit():
    assert [unit.name for unit in UNITS] == ["tonmeister-system.service", "tonmeister.service"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_exposure_is_at_most_2(unit):
    # --threshold is in tenths; systemd-analyze's exit code says whether the unit is above it.
    result = analyze("security", "--offline=true", "--no-pager", "--threshold=20", str(unit))
    assert result.returncode == 0, result.stdout + result.stderr
    score = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", result.stdout).group(1))
    assert score <= 2.0


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_knows_every_line(unit, tmp_path):
    # Verified as a copy that starts a program which exists: the daemon need not be installed.
    text = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(encoding="utf-8"))
    copy = tmp_path / unit.name
    copy.write_text(text, encoding="utf-8")
    result = analyze("verify", "--man=no", str(copy))
    assert result.returncode == 0, result.stderr
    assert unit.name not in result.stderr, result.stderr  # a warning names the file


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_watchdog_guards_a_service_that_says_when_it_is_ready(unit):
    assert values(unit, "Type") == ["notify"]
    assert values(unit, "WatchdogSec") == ["5"]
    assert values(unit, "Restart") == ["on-failure"]
    assert values(unit, "ExecReload") == ["/bin/kill -HUP $MAINPID"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_real_time_and_jack_stay_possible(unit):
    keys = dict(settings(unit))
    # What acceptance.md section 7 names as harmful.
    assert keys.get("RestrictRealtime", "no") == "no"
    for harmful in ("RemoveIPC", "PrivateIPC", "CPUSchedulingPolicy", "BindsTo"):
        assert harmful not in keys
    assert int(keys["LimitRTPRIO"]) >= 70
    assert keys["LimitMEMLOCK"] == "infinity"
    allowed = " ".join(values(unit, "SystemCallFilter")[-2:]).split()
    assert {"sched_setscheduler", "mlockall", "setrlimit", "prlimit64"} <= set(allowed)
    # A user manager can't drop capabilities (218/CAPABILITIES) unless in a user namespace; under PID 1 that namespace would
    # only cut the service off from its own user's audio server.
    assert ("PrivateUsers" in keys) == (unit.name == "tonmeister.service")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_config_may_be_saved_where_it_is(unit):
    """The rest of the file system is read-only. systemd makes StateDirectory= writable and the user's; ConfigurationDirectory= is
    made before ReadWritePaths= needs it, but is root's in a system unit."""
    keys = dict(settings(unit))
    assert keys["ProtectSystem"] == "strict" and keys["ProtectHome"] == "read-only"
    writable = ["%S/" + name for name in values(unit, "StateDirectory")]
    if unit.name == "tonmeister.service":
        writable += [path for path in values(unit, "ReadWritePaths") if path.removeprefix("%E/") in values(unit, "ConfigurationDirectory")]
    assert str(pathlib.Path(keys["ExecStart"].split()[-1]).parent) in writable


def test_the_system_unit_uses_nothing_that_means_root_there():
    text = (BUILD / "systemd/tonmeister-system.service").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert not re.search(r"%[uUhsgGtEC]", "\n".join(lines))


def test_the_system_units_user_is_made_by_sysusers():
    user = dict(settings(BUILD / "systemd/tonmeister-system.service"))["User"]
    lines = (FOLDER / "tonmeister.sysusers").read_text(encoding="utf-8").splitlines()
    assert any(line.split()[:2] == ["u", user] for line in lines)
