# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo under a real JACK server, left alone and then edited or flooded, in turn: no xrun and no late cycle that it does not have
when it is left alone (issue 3, section 1; OSC-7). What random edits do to the samples is random_edits_test.cpp's to tell."""

import itertools
import json
import os
import random
import statistics
import subprocess
import time

import pytest
from desk import BUILD, ROOT, Daemon, JackServer
from osc_client import message, wait_for

THOROUGH = bool(os.environ.get("TONMEISTER_THOROUGH"))
PHASE = 2.0 if THOROUGH else 1.0  # s
EDITS = 1000 if THOROUGH else 100  # at least; a quiet machine does some 60 a second
TRACKS = ["kick", "snare", "overheads", "bass", "guitar", "piano", "strings", "lead", "voice"]
MODULES = [{"gain": {"level": -1}}, {"eq": {"band/1/gain": 3}}, {"compressor": {"lookahead": 3}}, {"compressor": {"lookahead": 7}}, {"limiter": {}},
           {"delay": {"time": 5}}, {"gate": {"threshold": -70}}, {"polarity": {}}]


class Watch:
    """tests/support/jack_watch.cpp behind the desk's output."""

    def __init__(self, server, port):
        program = BUILD / "tests/jack_watch"
        assert program.is_file(), f"{program} is missing: build it first, or name the build in TONMEISTER_BUILD"
        self.process = subprocess.Popen([program, port], env=server.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def since_last(self):
        """Cycles, late ones, xruns, the latest start in µs."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return [int(word) for word in self.process.stdout.readline().split()]

    def stop(self):
        self.process.stdin.close()
        assert self.process.wait(10) == 0


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    config = folder / "demo.json"
    (folder / "stems").symlink_to(ROOT / "demo/stems")
    config.write_text((ROOT / "configs/demo.json").read_text(encoding="utf-8").replace("../demo/stems", "stems"), encoding="utf-8")
    with JackServer(folder, period=128, realtime=True) as server, Daemon(config, backend="jack", env=server.env) as daemon:
        daemon.settle()
        assert wait_for(lambda: server.connections("tonmeister:master/out_1"))
        daemon.watch = Watch(server, "tonmeister:master/out_1")
        yield daemon
        daemon.watch.stop()


class Editor:
    """Random edits with a fixed seed, of which it knows that they can be done."""

    def __init__(self, client):
        self.client, self.random, self.done = client, random.Random(3), 0
        self.numbers = itertools.count()
        self.guests, self.inserted = [], []

    def edit(self):
        turn = self.random.choice([self.add, self.remove, self.rename, self.insert, self.insert, self.take_out, self.move, self.route, self.move_fader, self.undo])
        answers = turn()
        if not answers:
            return
        self.client.tell(*answers[1:])
        heard = self.client.next()
        while heard is not None and heard[0] not in (answers[0], "/tonmeister/error"):
            heard = self.client.next()
        assert heard and heard[0] == answers[0], heard
        self.done += 1

    def add(self):
        if len(self.guests) == 6:
            return None
        self.guests.append(f"guest-{next(self.numbers)}")
        chain = [{"player": {"file": f"stems/{self.random.choice(TRACKS)}.ogg", "loop": True, "play": True}}, {"highpass": {}}, {"fader": {"level": -20}}]
        return "/tonmeister/edited", "/tonmeister/strip/add", self.guests[-1], json.dumps({"channels": 2, "chain": chain, "to": "mix"})

    def remove(self):
        if not self.guests:
            return None
        gone = self.guests.pop(self.random.randrange(len(self.guests)))
        self.inserted = [one for one in self.inserted if one[0] != gone]
        return "/tonmeister/edited", "/tonmeister/strip/remove", gone, "force"

    def rename(self):
        if not self.guests:
            return None
        old, new = self.guests.pop(0), f"guest-{next(self.numbers)}"
        self.guests.append(new)
        self.inserted = [(new if strip == old else strip, name) for strip, name in self.inserted]
        return "/tonmeister/edited", "/tonmeister/strip/rename", old, new

    def insert(self):
        if len(self.inserted) == 12:
            return None
        strip, name = self.random.choice([*TRACKS, *self.guests, "drums", "mix", "master"]), f"new-{next(self.numbers)}"
        self.inserted.append((strip, name))
        place = 0 if strip in ("drums", "mix", "master") else 1  # behind the player
        return "/tonmeister/edited", "/tonmeister/chain/insert", strip, place, json.dumps(self.random.choice(MODULES) | {"as": name})

    def take_out(self):
        if not self.inserted:
            return None
        return "/tonmeister/edited", "/tonmeister/chain/remove", *self.inserted.pop(self.random.randrange(len(self.inserted)))

    def move(self):
        if not self.inserted:
            return None
        return "/tonmeister/edited", "/tonmeister/chain/move", *self.random.choice(self.inserted), self.random.choice([1, -1])

    def route(self):
        return "/tonmeister/edited", "/tonmeister/route", self.random.choice(TRACKS + self.guests), *self.random.choice([["mix"], ["drums"], ["drums", "mix"]])

    def move_fader(self):
        track = self.random.choice(TRACKS)
        self.client.tell(f"/{track}/fader/level", self.random.uniform(-30, 0))
        return "/tonmeister/synced", "/tonmeister/sync", 0

    def undo(self):
        self.client.tell("/tonmeister/undo")
        assert self.client.hear("/tonmeister/undone")
        return "/tonmeister/redone", "/tonmeister/redo"


def alternate(demo, rounds, busy):
    """Late cycles and xruns of phases that are left alone, and of busy ones, in turn: [(late, xruns)…] each."""
    found = [], []
    demo.watch.since_last()
    for turn in range(2 * rounds):
        before, end = demo.client.status()["xruns"], time.monotonic() + PHASE
        if turn % 2:
            busy(end)
        else:
            time.sleep(PHASE)
        cycles, late, _, latest = demo.watch.since_last()
        xruns = demo.client.status()["xruns"] - before
        print(f"{'busy' if turn % 2 else 'alone'}: {cycles} cycles, {late} late, {xruns} xruns, the latest after {latest} µs")
        assert cycles > PHASE * 48000 / 128 / 2
        found[turn % 2].append((late, xruns))
    return found


def check_undisturbed(alone, busy):
    """The machine makes late cycles of its own, more now than then: trouble is what every busy phase has more of than the one before it, and the
    usual one more than twice as much."""
    for kind in range(2):
        one, other = [phase[kind] for phase in alone], [phase[kind] for phase in busy]
        assert not (all(b > a for a, b in zip(one, other)) and statistics.median(other) > 2 * statistics.median(one) + 0.5), (alone, busy)


def test_random_edits_make_no_xrun_that_a_desk_left_alone_has_not(demo):
    editor = Editor(demo.new_client())

    def edit_until(end):
        while time.monotonic() < end:
            editor.edit()

    alone, busy, latest = [], [], time.monotonic() + 240
    while editor.done < EDITS or not busy:
        for all_phases, phases in zip((alone, busy), alternate(demo, 5, edit_until)):
            all_phases += phases
        assert time.monotonic() < latest, f"{editor.done} edits, {EDITS} were wanted"
    check_undisturbed(alone, busy)
    print(editor.done, "edits")
    assert demo.running()


def test_OSC_7_5000_messages_a_second_lose_nothing_and_disturb_nothing(demo):
    flood, level, sent = demo.new_client(), "/strings/fader/level", 0
    flood.obey(level, -60.0)

    def flood_until(end):
        nonlocal sent
        begin, before = time.monotonic(), sent
        while (now := time.monotonic()) < end:
            for _ in range(min(500, int((now - begin) * 5000) - (sent - before))):
                flood.send(message(level + "/inc", 0.001))  # each one counts: 0 lost means the sum is right
                sent += 1
            time.sleep(0.002)
        flood.sync()

    check_undisturbed(*alternate(demo, 3, flood_until))
    assert sent > 3 * PHASE * 4000
    assert flood.get(level) == pytest.approx(-60 + sent * 0.001, abs=0.05)
