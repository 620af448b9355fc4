# SPDX-License-Identifier: GPL-3.0-or-later
"""Every config in configs/broken is refused with exactly the errors beside it, every one in configs/ is accepted.

TONMEISTER names the binary; by default the one of the build in build/."""

import json
import os
import pathlib
import re
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(os.environ.get("TONMEISTER", ROOT / "build/src/app/tonmeister")).absolute()
BROKEN = sorted((ROOT / "configs/broken").glob("*.json"))
GOOD = sorted(path for path in (ROOT / "configs").glob("*.json") if not path.name.endswith(".schema.json"))

# Where Python's own parser stops at the same character; it names other places for a comma or quote too many.
SAME_PLACE_IN_PYTHON = [
    "syntax_colon",
    "syntax_comment",
    "syntax_escape",
    "syntax_missing_comma",
    "syntax_number",
    "syntax_single_quotes",
    "syntax_two_values",
    "syntax_unclosed",
    "syntax_unclosed_string",
    "syntax_word",
]


def check(path):
    """Runs `tonmeister check` in the project's folder, since errors begin with the file's name as given."""
    assert BINARY.is_file(), f"{BINARY} is missing: build it first, or name it in TONMEISTER"
    return subprocess.run([BINARY, "check", path], cwd=ROOT, capture_output=True, timeout=60, check=False)


@pytest.mark.parametrize("name", [path.stem for path in BROKEN])
def test_broken_config_gives_the_errors_beside_it(name):
    result = check(f"configs/broken/{name}.json")
    expected = (ROOT / f"configs/broken/{name}.expected").read_text(encoding="utf-8")
    assert result.stderr.decode() == expected
    assert result.stdout == b""
    assert result.returncode == 1


def test_broken_configs_and_their_errors_are_pairs():
    assert len(BROKEN) >= 25
    expected = {path.stem for path in (ROOT / "configs/broken").glob("*.expected")}
    assert expected == {path.stem for path in BROKEN}


@pytest.mark.parametrize("name", SAME_PLACE_IN_PYTHON)
def test_syntax_errors_stand_where_python_finds_them(name):
    text = (ROOT / f"configs/broken/{name}.json").read_text(encoding="utf-8")
    with pytest.raises(json.JSONDecodeError) as error:
        json.loads(text)
    stderr = check(f"configs/broken/{name}.json").stderr.decode()
    assert re.match(r"[^:]*:(\d+):(\d+): ", stderr).groups() == (str(error.value.lineno), str(error.value.colno))


def test_there_are_good_configs():
    assert GOOD


@pytest.mark.parametrize("name", [path.name for path in GOOD])
def test_good_config_passes(name):
    result = check(f"configs/{name}")
    assert result.stderr.decode() == ""
    assert result.returncode == 0


def test_huge_file_is_refused_at_once(tmp_path):
    huge = tmp_path / "huge.json"
    strips = ",\n".join(f'"strip{i}": {{"chain": [{{"fader": {{}}}}]}}' for i in range(400_000))
    huge.write_text(f'{{"version": 1, "strips": {{{strips}}}}}')
    assert huge.stat().st_size > 16 << 20
    start = time.monotonic()
    result = check(huge)
    assert result.stderr.decode() == f"{huge}: the file is larger than 16 MiB, expected a config\n"
    assert result.returncode == 1
    assert time.monotonic() - start < 5.0


def test_endless_brackets_are_refused(tmp_path):
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 10_000_000)
    result = check(deep)
    assert result.stderr.decode().startswith(f"{deep}:1:65: nested too deeply")
    assert result.returncode == 1


def test_missing_config_is_an_error_with_its_reason(tmp_path):
    result = check(tmp_path / "none.json")
    assert result.stderr.decode().startswith(f"{tmp_path}/none.json: can't be read (No such file or directory)")
    assert result.returncode == 1
