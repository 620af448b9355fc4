# SPDX-License-Identifier: GPL-3.0-or-later
"""`tonmeister graph` is Graphviz's language, with every strip and every path, and the latencies add up."""

import json
import re

import pytest
from support_cli import GOOD, tonmeister

TOKEN = re.compile(r'\s+|(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<arrow>->)|(?P<mark>[{}\[\];=,])|(?P<word>[A-Za-z_][A-Za-z0-9_]*|-?[0-9]+)')


def tokens(text):
    place, found = 0, []
    while place < len(text):
        match = TOKEN.match(text, place)
        assert match, f"no token of DOT at {text[place:place + 40]!r}"
        if match.lastgroup:
            found.append((match.lastgroup, match.group()))
        place = match.end()
    return found


class Dot:
    """A recursive-descent parser of the part of DOT's grammar that has no ports and no HTML."""

    def __init__(self, text):
        self.rest = tokens(text)
        self.nodes, self.edges, self.cluster = {}, [], None
        self.expect("digraph")
        self.name()
        self.expect("{")
        self.statements()
        assert not self.rest

    def take(self):
        return self.rest.pop(0)[1]

    def expect(self, word):
        assert self.take() == word

    def name(self):
        kind, text = self.rest.pop(0)
        assert kind in ("quoted", "word"), text
        return text[1:-1].replace('\\"', '"').replace("\\\\", "\\") if kind == "quoted" else text

    def attributes(self):
        found = {}
        if self.rest[0][1] != "[":
            return found
        self.take()
        while True:
            key = self.name()
            self.expect("=")
            found[key] = self.name()
            if self.take() == "]":
                return found

    def statements(self):
        while self.rest[0][1] != "}":
            first = self.name()
            if first == "subgraph":
                self.cluster = self.name()
                self.expect("{")
                self.statements()
                self.cluster = None
                continue
            if self.rest[0][1] == "=":
                self.take()
                self.name()
            elif self.rest[0][1] == "->":
                self.take()
                self.edges.append((first, self.name(), self.attributes()))
            else:
                self.nodes[first] = (self.cluster, self.attributes())
            self.expect(";")
        self.take()


def drawn(path):
    done = tonmeister("graph", path)
    assert done.returncode == 0, done.stderr
    return Dot(done.stdout)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
def test_every_strip_and_route_is_drawn(path):
    dot = drawn(path)
    strips = json.loads(path.read_text(encoding="utf-8"))["strips"]
    solid = {(a, b) for a, b, look in dot.edges if look.get("style") == "solid"}
    expected = set()
    for name, strip in strips.items():
        assert dot.nodes[name][0] == "cluster_" + strip.get("stage", "mix")
        to = strip.get("to", [])
        expected |= {(name, target) for target in ([to] if isinstance(to, str) else to)}
    assert solid == expected


def test_sends_are_dashed_side_chains_dotted_and_delays_add_up(tmp_path):
    strips = {
        "voice-a": {"chain": [{"send": {"to": "echo"}}, {"fader": {}}], "to": "mix"},
        "music": {"channels": 2, "chain": [{"compressor": {"lookahead": 5, "sidechain": "voice-a"}, "as": "ducker"}], "to": "mix"},
        "echo": {"channels": 2, "chain": [{"compressor": {"lookahead": 2}}], "to": "mix"},
        "mix": {"channels": 2, "name": 'the "big" \\ mix', "output": []},
    }
    path = tmp_path / "c.json"
    path.write_text(json.dumps({"version": 1, "name": 'a "name"', "engine": {"sample_rate": 48000}, "strips": strips}))
    dot = drawn(path)
    looks = {(a, b): (look["style"], look.get("label", "")) for a, b, look in dot.edges if "style" in look}
    assert looks == {
        ("voice-a", "echo"): ("dashed", "send"),
        ("voice-a", "music"): ("dotted", "ducker"),
        ("voice-a", "mix"): ("solid", "+240 frames (5.00 ms)"),  # 5 ms at 48 kHz
        ("echo", "mix"): ("solid", "+144 frames (3.00 ms)"),
        ("music", "mix"): ("solid", ""),
    }
    assert 'the "big" \\ mix' in dot.nodes["mix"][1]["label"]


def test_a_broken_config_is_told_as_by_check():
    broken = "configs/broken/unknown_strip.json"
    done = tonmeister("graph", broken)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == tonmeister("check", broken).stderr
