# SPDX-License-Identifier: GPL-3.0-or-later
"""`tonmeister bench --json`: the keys that others read, and that what is timed is the work it is said to be.

No test here judges a speed: the machine is shared."""

import json
import math
import os
import subprocess

import pytest
from support_cli import ROOT, tonmeister


@pytest.fixture(scope="module")
def found():
    done = tonmeister("bench", "loudness", "limiter", "osc", "empty_graph", "edit", "--quick", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def numbers(tree):
    if isinstance(tree, dict):
        for value in tree.values():
            yield from numbers(value)
    elif not isinstance(tree, str):
        yield tree


def test_only_what_was_asked_for_and_only_numbers(found):
    assert set(found) == {"loudness", "limiter", "osc", "empty_graph", "edit"}
    assert all(isinstance(n, (int, float)) and math.isfinite(n) for n in numbers(found))


def test_loudness_is_timed_beside_libebur128_on_the_same_programme(found):
    for material in ("programme", "noise"):
        read = found["loudness"][material]
        assert read["integrated"] == pytest.approx(read["libebur128_integrated"], abs=0.02)
        for way in ("polled", "unpolled"):
            ours, theirs = read[way]["ns_per_sample_and_channel"], read[way]["libebur128_ns_per_sample_and_channel"]
            assert 0 < read[way]["best"] <= ours and 0 < read[way]["libebur128_best"] <= theirs
            assert read[way]["times_libebur128"] == pytest.approx(theirs / ours)


def test_the_limiter_is_timed_at_work_and_at_rest(found):
    for mode in ("true_peak", "sample_peak"):
        driven, quiet = found["limiter"][mode]["driven"], found["limiter"][mode]["quiet"]
        assert driven["share_of_blocks_limited"] == 1 and quiet["share_of_blocks_limited"] == 0
        assert -1.1 < driven["output_sample_peak"] <= -1 + 1e-5  # driven to its ceiling, which holds to 1 ulp
        assert quiet["output_sample_peak"] == pytest.approx(-9, abs=1e-4)  # the programme's own, untouched
        assert 0 < quiet["best"] <= quiet["ns_per_sample_and_channel"]
    assert found["limiter"]["true_peak"]["driven"]["output_true_peak"] <= -1 + 0.1  # read by libebur128


def test_an_edit_is_heard_and_is_a_transaction_of_a_large_desk(found):
    sound, transaction = found["edit"]["to_sound"], found["edit"]["transaction"]
    period = transaction["period_ms"]
    assert period == pytest.approx(64 / 48)
    # What leaves begins to fade with the next callback: the very first samples of a slow fade may round to nothing.
    assert 0 <= sound["first_changed_frame"] < 64
    assert sound["edit_to_sound_ms"] == pytest.approx(sound["control_ms"] + period / 2 + sound["first_changed_frame"] / 48)
    assert transaction["add_until_it_runs_ms"] >= transaction["add_ms"]
    assert min(transaction[key] for key in ("rename_ms", "insert_ms", "undo_ms", "first_monitor_ms", "save_all_moved_ms", "longest_callback_ms")) > 0


def test_an_osc_message_finds_its_strip_among_many(found):
    osc = found["osc"]
    assert osc["addresses"] > 50 * osc["strips"]
    assert osc["messages_per_second"] == pytest.approx(1e9 / (osc["decode_ns"] + osc["set_ns"]))
    assert min(osc[key] for key in ("ask_ns", "refused_ns", "pattern_ns_per_match")) > 0


def test_an_unknown_benchmark_is_wrong_usage():
    done = tonmeister("bench", "loudnes")
    assert done.returncode == 2 and "loudnes" in done.stderr and not done.stdout


def peers(*words, **environment):
    return subprocess.run([ROOT / "bench/peers/run", *words], capture_output=True, text=True, timeout=60, check=False,
                          env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment})


def test_peers_installs_nothing_unasked(tmp_path):
    # A dpkg-query that knows no package, and an apt-get that would tell on itself.
    for name, script in (("dpkg-query", "exit 1"), ("apt-get", f"touch {tmp_path}/called"), ("sudo", f"touch {tmp_path}/called")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    done = peers(PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == 2
    assert "apt-get install" in done.stderr and "supercollider-server" in done.stderr and "x42-plugins" in done.stderr
    assert not (tmp_path / "called").exists() and not done.stdout


def test_peers_refuses_wrong_usage():
    assert peers("--rounds", "0").returncode == 2
    assert peers("--nonsense").returncode == 2


def test_solo_taps_and_matrix_points_are_timed_off_and_on():
    done = tonmeister("bench", "monitor", "matrix", "--quick", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert min(found["monitor"][key] for key in ("without_ns", "taps_off_ns", "one_solo_ns")) > 0
    matrix = found["matrix"]
    assert 0 < 1.5 * matrix["points_off_us"] < matrix["4096_points_us"] and 0 < matrix["without_us"]  # the work differs by far more than noise
    assert matrix["point_on_ns"] > 0
    assert 0 < matrix["best"]["idle_module_us"] <= matrix["idle_module_us"]
    for beyond in (matrix["points_off_beyond_idle_us"], matrix["idle_again_beyond_idle_us"]):
        assert beyond["least"] <= beyond["median"] <= beyond["most"]


def test_scenes_recall_what_they_say_at_one_sample():
    done = tonmeister("bench", "scenes", "--quick", "--json")
    assert done.returncode == 0, done.stderr
    scenes = json.loads(done.stdout)["scenes"]
    assert scenes["parameters"] == 10 * scenes["strips"] == 1000
    for way in ("fade", "cut"):
        assert 0 < scenes[way]["recall_ms"] <= scenes[way]["recall_longest_ms"]
        assert 0 < scenes[way]["usual_callback_ms"] <= scenes[way]["longest_callback_ms"]
    assert scenes["state"]["bytes"] > 30 * 1000  # an address and two values each
