# SPDX-License-Identifier: GPL-3.0-or-later
"""The OSC server against clients that share no code with it: liblo-tools, and packets put together with struct.

TON_OSC_ECHO names the echo server (tests/osc/echo_server.cpp); meson sets it.
"""
import contextlib
import os
import re
import socket
import struct
import subprocess
import time

import pytest

TIMEOUT = 10


def string(text):
    data = text.encode() + b"\0"
    return data + b"\0" * (-len(data) % 4)


def message(address, tags="", data=b""):
    return string(address) + string("," + tags) + data


def bundle(tag, *elements):
    return b"#bundle\0" + struct.pack(">Q", tag) + b"".join(struct.pack(">i", len(e)) + e for e in elements)


def slip(packet):
    return b"\xc0" + packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


class Echo:
    def __init__(self, *urls):
        self.process = subprocess.Popen([os.environ["TON_OSC_ECHO"], *urls], stdout=subprocess.PIPE, text=True)
        self.urls = [self.process.stdout.readline().strip() for _ in urls]
        self.ports = [int(url.rsplit(":", 1)[1]) for url in self.urls]

    def line(self):
        return self.process.stdout.readline().strip()


@contextlib.contextmanager
def echo_server(*urls):
    server = Echo(*urls)
    try:
        yield server
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(message("/quit"), ("127.0.0.1", server.ports[0]))
        assert server.process.wait(TIMEOUT) == 0
    finally:
        server.process.kill()
        server.process.wait()


def run(*command):
    subprocess.run(command, check=True, timeout=TIMEOUT)


@pytest.mark.parametrize("arguments, text", [
    (["f", "440"], "440"),
    (["iisff", "1000", "-1", "hello", "1.234", "5.678"], '1000 -1 "hello" 1.234 5.678'),
    (["hdTFNI", "4294967298", "-6.5"], "4294967298 -6.5 true false nil impulse"),
    (["c", "A"], '"A"'),
    ([], ""),
])
def test_oscsend_over_udp(arguments, text):
    with echo_server("udp://127.0.0.1:0") as server:
        run("oscsend", "127.0.0.1", str(server.ports[0]), "/host/fader/level", *arguments)
        assert re.fullmatch(r"udp://127\.0\.0\.1:\d+ 1 /host/fader/level" + re.escape((" " + text).rstrip()),
                            server.line())


def test_oscsend_over_tcp():
    with echo_server("udp://127.0.0.1:0", "tcp://127.0.0.1:0") as server:
        run("oscsend", f"osc.tcp://127.0.0.1:{server.ports[1]}/", "/a", "is", "7", "hall")
        assert server.line().endswith(' 1 /a 7 "hall"')


def test_oscdump_hears_the_answers_on_its_own_port():
    """As TouchOSC does: sends from one port, listens on another."""
    with echo_server("udp://127.0.0.1:0") as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            free = probe.getsockname()[1]
        dump = subprocess.Popen(["oscdump", "-L", str(free)], stdout=subprocess.PIPE, text=True)
        try:
            client.bind(("127.0.0.1", 0))
            target = ("127.0.0.1", server.ports[0])
            client.sendto(message("/reply", "i", struct.pack(">i", free)), target)
            server.line()
            lines = []
            data = struct.pack(">fi", -6.5, 3) + string("hall")
            end = time.monotonic() + TIMEOUT
            while not lines:  # oscdump says nothing when it is ready, so until it hears
                assert time.monotonic() < end
                time.sleep(0.02)
                client.sendto(message("/host/fader/level", "fis", data), target)
                assert server.line().endswith(' /host/fader/level -6.5 3 "hall"')
                os.set_blocking(dump.stdout.fileno(), False)
                lines = dump.stdout.readlines()
            assert "/host/fader/level fis -6.500000 3 \"hall\"" in lines[0]
        finally:
            dump.kill()
            dump.wait()


def test_nested_bundle_with_time_tags_over_udp():
    with echo_server("udp://127.0.0.1:0") as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(TIMEOUT)
        early, late = 0xEE000000_00000000, 0xEE000000_80000000
        packet = bundle(early, message("/a", "i", struct.pack(">i", 1)),
                        bundle(late, message("/b", "d", struct.pack(">d", 0.1))), message("/c"))
        client.sendto(packet, ("127.0.0.1", server.ports[0]))
        seen = [server.line().split(" ", 2)[1:] for _ in range(3)]
        assert seen == [[str(early), "/a 1"], [str(late), "/b 0.1"], [str(early), "/c"]]
        assert client.recv(100) == message("/a", "i", struct.pack(">i", 1))
        assert client.recv(100) == message("/b", "d", struct.pack(">d", 0.1))
        assert client.recv(100) == message("/c")


@pytest.mark.parametrize("scheme", ["tcp", "tcp+slip"])
def test_streams_byte_by_byte(scheme):
    frame = slip if scheme == "tcp+slip" else lambda p: struct.pack(">i", len(p)) + p
    blob = bytes(range(256))
    packet = message("/blob", "bi", struct.pack(">i", 256) + blob + struct.pack(">I", 0xC0DBDCDD))
    with echo_server("udp://127.0.0.1:0", f"{scheme}://127.0.0.1:0") as server:
        with socket.create_connection(("127.0.0.1", server.ports[1]), TIMEOUT) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream = frame(packet) * 3
            for i in range(len(stream)):
                client.sendall(stream[i:i + 1])
            answer = b""
            while len(answer) < len(stream):
                got = client.recv(65536)
                assert got
                answer += got
            assert answer == stream


def test_error_answer_to_a_malformed_packet():
    with echo_server("udp://127.0.0.1:0") as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(TIMEOUT)
        client.sendto(b"/a\0\0,Z\0\0", ("127.0.0.1", server.ports[0]))
        assert client.recv(1000) == message("/tonmeister/error", "ss", string("") + string("unknown type tag"))


def test_only_loopback_is_bound():
    """OSC-8: what the kernel says of the process's sockets."""
    with echo_server("udp://127.0.0.1:0", "tcp://127.0.0.1:0", "udp://[::1]:0") as server:
        inodes = set()
        for fd in os.listdir(f"/proc/{server.process.pid}/fd"):
            match = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(f"/proc/{server.process.pid}/fd/{fd}"))
            inodes |= {match[1]} if match else set()
        bound = []
        for table in ("udp", "udp6", "tcp", "tcp6"):
            with open(f"/proc/net/{table}", encoding="ascii") as lines:
                rows = [line.split() for line in lines][1:]
            bound += [row[1].split(":")[0] for row in rows if row[9] in inodes]
        assert sorted(bound) == sorted(["0100007F", "0100007F", "0" * 24 + "01000000"])
