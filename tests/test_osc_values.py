# SPDX-License-Identifier: GPL-3.0-or-later
"""OSC as a surface uses it: values are set, asked for, moved and refused on a running desk (design.md section 5)."""

import subprocess

import pytest
from desk import BINARY, Daemon, write_config
from osc_client import bundle, message, wait_for

STRIPS = {
    "a": {"chain": [{"tone": {"level": -20}}, {"eq": {}}, {"fader": {}}, {"pan": {}}], "to": "mix"},
    "b": {"chain": [{"tone": {"level": -20, "on": False}}, {"fader": {}}, {"pan": {}}], "to": "mix"},
    "mix": {"channels": 2, "chain": [{"fader": {}}]},
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with Daemon(write_config(tmp_path_factory.mktemp("values"), STRIPS)) as daemon:
        yield daemon


@pytest.fixture
def osc(desk):
    return desk.new_client()


def near(value):
    return pytest.approx(value, abs=1e-5)


@pytest.mark.parametrize("sent, value", [
    (-6.5, -6.5), (3, 3), (("h", -7), -7), (("d", -8.25), -8.25), ("-9.5", -9.5), ("1e1", 10)])
def test_a_value_of_every_type_is_taken_and_answered(osc, sent, value):
    osc.tell("/a/fader/level", -50.0)
    assert osc.obey("/a/fader/level", sent) == []  # the one who set it hears nothing, since it was taken as sent
    assert osc.get("/a/fader/level") == near(value)


@pytest.mark.parametrize("sent, value", [(1, 1), (0, 0), (0.5, 1), (0.49, 0), (True, 1), (False, 0), ("1", 1), ("true", 1)])
def test_a_switch_takes_numbers_and_truth(osc, sent, value):
    osc.tell("/b/tone/on", 1 - value)
    assert osc.obey("/b/tone/on", sent) == []
    assert osc.get("/b/tone/on") == value
    osc.obey("/b/tone/on", False)


@pytest.mark.parametrize("sent, applied", [(40.0, 12.0), (-300.0, -120.0), (("d", 1e300), 12.0), (1 << 30, 12.0)])
def test_out_of_range_is_clamped_and_the_sender_is_told(osc, sent, applied):
    osc.obey("/a/fader/level", 0.0)
    assert osc.obey("/a/fader/level", sent) == [("/a/fader/level", [applied])]
    assert osc.get("/a/fader/level") == applied


@pytest.mark.parametrize("sent, word", [("square", "square"), ("sine", "sine"), (2, "sweep"), (3.0, "ident"), ("0", "sine")])
def test_a_choice_by_word_and_by_number(osc, sent, word):
    osc.obey("/b/tone/type", "sweep" if word != "sweep" else "sine")
    osc.obey("/b/tone/type", sent)
    assert osc.get("/b/tone/type") == word


def test_a_fade_is_under_way_then_over_and_its_value_is_where_it_is(osc):
    osc.obey("/a/fader/level", -60.0)
    assert wait_for(lambda: osc.get("/a/meter/peak") < -70)
    osc.obey("/a/fader/level", 0.0, 2.0)
    assert osc.get("/a/fader/level") < -20
    seen, values = [], []
    # -20, and -3 of pan in the centre
    assert wait_for(lambda: values.append(osc.get("/a/fader/level")) or seen.append(osc.get("/a/meter/peak")) or seen[-1] > -23.1, every=0.05)
    assert values == sorted(values) and len(set(values)) >= 4
    assert wait_for(lambda: osc.get("/a/fader/level") == 0.0)
    between = [level for level in seen if -75 < level < -26]
    assert len(between) >= 4 and between == sorted(between)
    assert wait_for(lambda: abs(osc.get("/a/meter/rms") + 26.02) < 0.05)  # a sine: 3.01 dB below its peak


def test_relative_moves_and_toggles(osc):
    osc.obey("/a/fader/level", -10.0)
    osc.obey("/a/fader/level/inc", 2.5)
    osc.obey("/a/fader/level/inc", -1)
    assert osc.get("/a/fader/level") == near(-8.5)
    assert osc.obey("/a/fader/level/inc", 100.0) == [("/a/fader/level", [12.0])]
    before = osc.get("/b/mute")
    osc.obey("/b/mute/toggle")
    assert osc.get("/b/mute") == 1 - before
    osc.obey("/b/mute/toggle")
    assert osc.get("/b/mute") == before


def test_normal_travels_from_end_to_end(osc):
    for travel, level in [(0.0, -120.0), (1.0, 12.0)]:
        osc.obey("/a/fader/level/normal", travel)
        assert osc.get("/a/fader/level") == near(level)
    levels = []
    for step in range(1, 20):
        osc.obey("/a/fader/level/normal", step / 20)
        assert osc.get("/a/fader/level/normal") == pytest.approx(step / 20, abs=1e-4)
        levels.append(osc.get("/a/fader/level"))
    assert levels == sorted(levels) and len(set(levels)) == 19
    osc.obey("/a/pan/position/normal", 0.25)  # linear: a quarter of -1…1
    assert osc.get("/a/pan/position") == near(-0.5)


def test_a_pattern_sets_many_and_asks_many(osc):
    assert osc.obey("/{a,b}/fader/level", -4.0) == []
    osc.tell("/*/fader/level")
    assert dict(osc.sync()) == {"/a/fader/level": [-4.0], "/b/fader/level": [-4.0], "/mix/fader/level": [0.0]}
    osc.obey("/[!m]/fader/level/inc", -1.0)
    assert [osc.get(f"/{s}/fader/level") for s in ("a", "b", "mix")] == [-5.0, -5.0, 0.0]
    osc.tell("//frequency")  # OSC 1.1: at any depth
    heard = {address for address, _ in osc.sync()}
    assert heard == {"/a/tone/frequency", "/b/tone/frequency", *(f"/a/eq/band/{n}/frequency" for n in range(1, 9))}


def test_bands_have_addresses_of_their_own(osc):
    osc.obey("/a/eq/band/[2-3]/gain", 4.5)
    assert [osc.get(f"/a/eq/band/{n}/gain") for n in (1, 2, 3, 4)] == [0, 4.5, 4.5, 0]
    osc.obey("/a/eq/band/*/gain", 0.0)


def test_mute_and_solo_are_heard(osc):
    osc.obey("/*/fader/level", 0.0)
    loud = lambda strip: osc.get(f"/{strip}/meter/peak") > -40
    assert wait_for(lambda: loud("mix"))
    for address in ("/a/mute", "/b/solo"):
        osc.obey(address, True)
        assert wait_for(lambda: osc.get("/mix/meter/peak") <= -120)
        osc.obey(address, False)
        assert wait_for(lambda: loud("mix"))
    osc.obey("/a/solo", 1)
    assert osc.get("/a/solo") == 1
    osc.obey("/b/tone/on", True)
    assert wait_for(lambda: osc.get("/b/meter/peak") <= -120) and loud("mix")
    osc.obey("/a/solo", 0)
    assert wait_for(lambda: loud("b"))
    osc.obey("/b/tone/on", False)


@pytest.mark.parametrize("address, values, word", [
    ("/nobody/fader/level", [1.0], "no such address"),
    ("/a/fader/levle", [], "no such address"),
    ("/z*/fader/level", [0.0], "matches nothing"),
    ("/[a/fader/level", [0.0], "malformed"),
    ("/a/fader/level", ["loud"], "expected"),
    ("/a/fader/level", [b"1234"], "expected"),
    ("/a/fader/level", [0.0, -1.0], "fade"),
    ("/a/tone/type", ["triangle"], "expected"),
    ("/a/meter/peak", [0.0], "read-out"),
    ("/a/fader/level/toggle", [], "toggled"),
    ("/tonmeister/dance", [], "no such verb"),
])
def test_what_cannot_be_taken_is_answered_with_a_reason(osc, address, values, word):
    before = osc.status()["refused"]
    (heard, (about, reason)), = osc.obey(address, *values)
    assert (heard, about) == ("/tonmeister/error", address) and word in reason
    assert osc.status()["refused"] == before + 1


def test_errors_are_limited_in_rate_and_counted_all_the_same(osc):
    before = osc.status()["refused"]
    osc.send(bundle(None, *[message("/nobody", 1)] * 200))
    answers = [address for address, _ in osc.sync()]
    assert 15 <= answers.count("/tonmeister/error") <= 25
    assert osc.status()["refused"] == before + 200


def perl(port, code):
    """Sends what Protocol::OSC, another implementation, makes of it; what comes back, parsed by it."""
    script = f"""use Protocol::OSC; use IO::Socket::INET; my $osc = Protocol::OSC->new;
        my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => {port}, Proto => 'udp') or die;
        sub take {{ $s->recv(my $p, 65536); my $m = $osc->parse($p); join(' ', $m->path, $m->args) }}
        $SIG{{ALRM}} = sub {{ die 'silence' }}; alarm 10; {code}"""
    run = subprocess.run(["perl", "-e", script], capture_output=True, text=True, timeout=20, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.split("\n")


def test_another_osc_library_sets_asks_and_bundles(desk, osc):
    lines = perl(desk.port, """$s->send($osc->message('/a/pan/position', 'f', -0.25)); $s->send($osc->message('/a/pan/position'));
        print take(), "\\n"; $s->send($osc->bundle(undef, [qw(/b/fader/level f -3)], [qw(/b/pan/position i 1)]));
        $s->send($osc->message(qw(/tonmeister/sync i 5))); print take(), "\\n";""")
    assert lines[:2] == ["/a/pan/position -0.25", "/tonmeister/synced 5"]
    assert (osc.get("/b/fader/level"), osc.get("/b/pan/position")) == (-3.0, 1.0)


def test_oscsend_plays_the_desk(desk, osc):
    subprocess.run(["oscsend", "127.0.0.1", str(desk.port), "/a/fader/level", "f", "-12.5"], check=True, timeout=10)
    assert wait_for(lambda: osc.get("/a/fader/level") == -12.5)


def test_the_own_client_gets_sets_and_watches(desk):
    run = lambda *words: subprocess.run([BINARY, *words, "--url", f"udp://127.0.0.1:{desk.port}"], capture_output=True,
                                        text=True, timeout=20, check=False)
    assert run("set", "/a/fader/level", "-7.5").returncode == 0
    got = run("get", "/a/fader/level")
    assert (got.returncode, "-7.5" in got.stdout) == (0, True)
    refused = run("set", "/a/fader/levle", "1")
    assert refused.returncode == 1 and "no such address" in refused.stderr
