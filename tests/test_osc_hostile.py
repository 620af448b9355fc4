# SPDX-License-Identifier: GPL-3.0-or-later
"""OSC-5, OSC-7, OSC-8, OSC-10: every malformed packet of acceptance.md 6.2 against the running desk.

Each is counted, changes nothing and hurts nobody. Run it with TONMEISTER naming an ASan build, too."""

import os
import pathlib
import socket
import struct
import time

import pytest
from desk import Daemon, write_config
from osc_client import Stream, bundle, message, string, wait_for

STRIPS = {"a": {"chain": [{"tone": {"level": -20}}, {"highpass": {}}, {"fader": {}}], "to": "mix"},
          "mix": {"channels": 2, "chain": [{"fader": {}}]}}
LEVEL = "/a/fader/level"
HEAD = b"#bundle\0" + struct.pack(">Q", 1)


def nested(depth, packet=message(LEVEL, -99.0)):
    for _ in range(depth):
        packet = HEAD + struct.pack(">i", len(packet)) + packet
    return packet


def typed(tags, data=b""):
    return string(LEVEL) + string("," + tags) + data


# One datagram each, refused as a whole: exactly one more is counted.
PACKETS = {
    "M1 empty": b"",
    "M2 three bytes": b"/a\0",
    "M3 length": message(LEVEL, -99.0)[:-1],
    "M4 no slash": string("a/fader/level") + b",f\0\0" + struct.pack(">f", -99),
    "M5 address without end": b"/a/f" * 8,
    "M6 padding": b"/a/fader/level\0x,f\0\0" + struct.pack(">f", -99),
    "M7 no comma": string(LEVEL) + b"f\0\0\0" + struct.pack(">f", -99),
    "M8 tags without end": string(LEVEL) + b",fff",
    "M9 too few bytes": typed("i"),
    "M10 string without end": typed("s", b"abcd"),
    "M11 blob too large": typed("b", struct.pack(">i", 400) + b"abcd"),
    "M12 blob negative": typed("b", b"\xff\xff\xff\xff"),
    "M12 blob 2 GiB": typed("b", b"\x7f\xff\xff\xff"),
    "M13 blob and padding": typed("b", struct.pack(">i", 5) + b"abcd"),
    "M14 unknown tag": typed("Z"),
    "M15 a thousand tags": typed("i" * 1000),
    "M16 array open": typed("[f", struct.pack(">f", -99)),
    "M16 array close": typed("f]", struct.pack(">f", -99)),
    "M17 bundle without tag": b"#bundle\0",
    "M18 bundlX": b"#bundlX\0" + struct.pack(">Qi", 1, 0),
    "M19 element 0": HEAD + struct.pack(">i", 0),
    "M20 element too large": HEAD + struct.pack(">i", 400) + message(LEVEL, -99.0),
    "M21 element negative": HEAD + struct.pack(">i", -4) + message(LEVEL, -99.0),
    "M22 element length": HEAD + struct.pack(">i", 7) + b"/a\0\0,\0\0\0",
    "M23 nested 9": nested(9),
    "M23 nested 3275": nested(3274, HEAD),  # as deep as a datagram of 65,507 bytes can be
    "M24 nested earlier": b"#bundle\0" + struct.pack(">Qi", 2 << 32, 20) + b"#bundle\0" + struct.pack(">Qi", 1 << 32, 0),
    "M26 NaN": message(LEVEL, float("nan")),
    "M26 infinity": message(LEVEL, float("inf")),
    "M26 minus infinity": message("/a/highpass/frequency", float("-inf")), # of a level it is silence
    "M26 NaN double": message(LEVEL, ("d", float("nan"))),
    "M26 NaN fade": message(LEVEL, -99.0, float("nan")),
    "M26 infinite fade": message(LEVEL, -99.0, float("inf")),
    "M26 normal NaN": message(LEVEL + "/normal", float("nan")),
    "M26 word NaN": message(LEVEL, "nan"),
    "M27 address 60 kB": string("/" + "a" * 60000) + b",f\0\0" + struct.pack(">f", -99),
    "M28 stars": message("/" + "*" * 60 + "/" + "*a" * 200 + "z", -99.0),
    "M28 braces": message("/{" + ",".join(["a"] * 300) + "/b}*{a,aa,aaa}{a,aa}", -99.0),
    "M29 one star": message("/*", -99.0),
    "M29 all stars": message("/*/*/*", -99.0),
    "M29 double slash": message("//*", -99.0),
    "M29 question marks": message("/a/*/?????", -99.0),
    "M29 any character": message("/*/*/[!_]*", -99.0),
    "M29 every letter": message("/*/*/[a-z]?[a-z]*", -99.0),
    "M29 one of nothing": message("/*/*/{}*", -99.0),
    "M29 or nothing": message("/*/*/{x,}{,y}*{x,,y}", -99.0),
    "M30 65507": b"/" + b"a" * 65506,
    "M35 text for a number": message(LEVEL, "loud"),
    "M36 NUL in a string": typed("s", b"-99\0x\0\0\0"),
    "M37 address not ASCII": string("/ä/fader/level") + b",f\0\0" + struct.pack(">f", -99),
    "M37 string not UTF-8": typed("s", b"-\xff9\0"),
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    urls = ("udp://127.0.0.1:0", "tcp://127.0.0.1:0", "tcp+slip://127.0.0.1:0")
    with Daemon(write_config(tmp_path_factory.mktemp("hostile"), STRIPS), osc=urls) as daemon:
        yield daemon


@pytest.fixture
def osc(desk):
    return desk.new_client()


def settings(client):
    """Every parameter of the desk."""
    client.tell("/a/{fader,highpass,tone}/*")
    client.tell("//{mute,solo,level,bypass}")
    return {address: values for address, values in client.sync() if "/meter/" not in address}


@pytest.mark.parametrize("name", PACKETS)
def test_a_malformed_packet_is_counted_once_and_changes_nothing(desk, osc, name):
    before, refused = settings(osc), osc.status()["refused"]
    assert len(before) > 15
    stranger = desk.new_client()
    stranger.send(PACKETS[name])
    assert stranger.sync() is not None  # the same client goes on
    assert osc.status()["refused"] == refused + 1
    assert settings(osc) == before


def test_M25_time_tags_of_all_ages(desk, osc):
    before, counts = settings(osc), osc.status()
    for tag in (0, 2**64 - 1, 0x83AA7E80 << 32, int(time.time() + 2208988800 + 10 * 365 * 86400) << 32):
        move = message(LEVEL + "/inc", 0.0)
        osc.send(b"#bundle\0" + struct.pack(">Qi", tag % 2**64, len(move)) + move)  # NTP wraps in 2036
    osc.sync()
    after = osc.status()
    # 0, which is no time, is taken as 1, immediately; 1970 is late; 2036 and ten years ahead are refused.
    assert (after["late"] - counts["late"], after["refused"] - counts["refused"]) == (1, 2)
    assert settings(osc) == before


def test_M26_denormals_and_huge_numbers_are_clamped(osc):
    assert osc.obey(LEVEL, 1e-40) == []
    assert osc.get(LEVEL) == pytest.approx(0, abs=1e-30)
    assert osc.obey(LEVEL, 1e38) == [(LEVEL, [12.0])]
    assert osc.obey(LEVEL, float("-inf")) == [] # silence, as -120 dB is
    assert osc.get(LEVEL) == -120
    assert osc.obey("/a/highpass/frequency", -1e38)[0][1][0] >= 1
    osc.obey(LEVEL, 0.0)


@pytest.mark.parametrize("prefix", [0, -1, 0x7FFFFFFF])
def test_M31_a_tcp_length_that_cannot_be_closes_only_that_client(desk, osc, prefix):
    refused = osc.status()["refused"]
    bad, good = Stream(desk.ports()[1]), Stream(desk.ports()[1])
    bad.socket.sendall(struct.pack(">i", prefix) + b"\0" * 8)
    assert bad.is_closed(5)
    assert good.get(LEVEL) == osc.get(LEVEL)
    assert osc.status()["refused"] == refused + 1


def test_M32_a_packet_that_drips_in_is_timed_out(desk, osc):
    slow = Stream(desk.ports()[1])
    frame = slow.frame(message(LEVEL, -99.0))
    start = time.monotonic()
    try:
        for byte in frame:
            slow.socket.sendall(bytes([byte]))
            if slow.is_closed(1.0):
                break
    except ConnectionError:
        pass
    assert 8 < time.monotonic() - start < 20
    assert osc.get(LEVEL) == 0.0 and desk.answers_ping(5)


@pytest.mark.parametrize("data, closed", [(b"\xc0/a\0\xdb\xc0", False), (b"\xc0/a\0\xdbx\xc0", False), (b"\xc0" + b"a" * 70000, True)])
def test_M33_slip_errors(desk, osc, data, closed):
    refused = osc.status()["refused"]
    stream = Stream(desk.ports()[2], slip=True)
    stream.socket.sendall(data)
    if closed:
        assert stream.is_closed(5)
    else:
        assert stream.get(LEVEL) == osc.get(LEVEL)
    assert osc.status()["refused"] > refused


def test_M34_framing_is_never_guessed(desk, osc):
    before, refused = settings(osc), osc.status()["refused"]
    stream = Stream(desk.ports()[1])
    assert stream.get(LEVEL) == 0.0
    stream.slip = True
    stream.tell(LEVEL, -99.0)
    assert stream.is_closed(5)
    assert osc.status()["refused"] > refused and settings(osc) == before


def test_M38_a_flood_loses_nothing_and_audio_goes_on(desk, osc):
    """OSC-7 for ten seconds: 5,000 messages a second."""
    flood = desk.new_client()
    osc.tell("/tonmeister/subscribe", "/a/meter/peak", 20.0)
    peaks, sent, start = [], 0, time.monotonic()
    osc.obey("/a/fader/level", -60.0)
    while (now := time.monotonic() - start) < 10:
        for _ in range(min(500, int(now * 5000) - sent)):
            flood.send(message(LEVEL + "/inc", 0.001))  # each one counts: 0 lost means the sum is right
            sent += 1
        if (one := osc.next(0.002)) and one[0] == "/a/meter/peak":
            peaks.append(one[1][0])
    flood.sync()
    osc.tell("/tonmeister/unsubscribe")
    osc.sync()
    assert sent > 40_000
    assert osc.get(LEVEL) == pytest.approx(-60 + sent * 0.001, abs=0.05)
    assert len(peaks) > 100  # meters come at their 20 Hz
    rising = [b - a for a, b in zip(peaks[5:], peaks[6:])]
    assert min(rising) > -0.2 and max(peaks) < -19  # the tone follows the hand and is never interrupted
    osc.obey(LEVEL, 0.0)


def test_M38_half_a_million_a_second(desk, osc):
    """For two seconds. What the kernel has no room for is lost, no more; who plays and who listens goes on."""
    before = settings(osc)
    flood, many = desk.new_client(), 500
    packet = bundle(None, *[message(LEVEL + "/inc", 0.0)] * many)
    desk.settle()
    osc.tell("/tonmeister/subscribe", "/a/meter/peak", 20.0)
    for _ in range(3):  # what was held from the beginning
        assert osc.hear("/a/meter/peak")
    peaks, sent, start = [], 0, time.monotonic()
    while (now := time.monotonic() - start) < 2:
        while sent < now * 600_000:
            flood.send(packet)
            sent += many
        if (one := osc.next(0.002)) and one[0] == "/a/meter/peak":
            peaks.append(one[1][0])
    assert sent >= 1_000_000
    assert desk.answers_ping(5)
    after = [values[0] for _, address, values in osc.collect(1) if address == "/a/meter/peak"]
    osc.tell("/tonmeister/unsubscribe")
    osc.sync()
    assert settings(osc) == before
    assert len(after) >= 10  # of 20: as before the flood
    assert peaks + after == pytest.approx([-20.0] * len(peaks + after), abs=0.1)  # the tone, uninterrupted


def test_M39_ten_thousand_future_tags_are_bounded(desk, osc):
    before, refused = settings(osc), osc.status()["refused"]
    packet = bundle(time.time() + 50, *[message("/a/fader/level/inc", 0.0)] * 40)
    for turn in range(400):
        osc.send(packet)
        if turn % 50 == 49:
            osc.sync()
    osc.sync()
    assert osc.status()["refused"] - refused >= 100  # 16,000 messages in 400 bundles, of which 10,000 messages wait
    assert settings(osc) == before and desk.answers_ping(2)


def test_M40_answers_go_to_no_privileged_port_and_no_group(desk, osc):
    """A spoofed source would make us shoot at others: what it may name is limited."""
    for port in (1, 80, 1023, 65536, -1):
        assert osc.obey("/tonmeister/reply", port)[0][0] == "/tonmeister/error"


def test_OSC_8_only_loopback_sockets(desk):
    sockets = {os.readlink(p)[8:-1] for p in pathlib.Path(f"/proc/{desk.pid}/fd").iterdir() if "socket:[" in os.readlink(p)}
    found = []
    for kind in ("udp", "tcp", "udp6", "tcp6"):
        for line in pathlib.Path(f"/proc/{desk.pid}/net/{kind}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in sockets:
                found.append((kind, fields[1].split(":")[0]))
    assert sum(kind == "udp" for kind, _ in found) >= 1 and sum(kind == "tcp" for kind, _ in found) >= 2
    assert {address for _, address in found} == {"0100007F"}


def test_after_all_this_the_desk_plays_on(desk, osc):
    assert wait_for(lambda: osc.get("/mix/meter/peak") == pytest.approx(-23, abs=0.1))
    assert desk.process.poll() is None
