# SPDX-License-Identifier: GPL-3.0-or-later
"""OSC 1.0 packed and unpacked with struct, and small clients over UDP and TCP, for the whole-program tests."""

import math
import socket
import struct
import time

PATIENCE = 15.0  # s: for what comes at once on a quiet machine
NTP_EPOCH = 2208988800  # s from 1900 to 1970


def string(text):
    data = text.encode() + b"\0"
    return data + b"\0" * (-len(data) % 4)


def argument(value):
    """Tag and bytes of a Python value; a pair of tag and number forces the type."""
    if isinstance(value, tuple):
        tag, number = value
        return tag, struct.pack({"i": ">i", "f": ">f", "h": ">q", "d": ">d"}[tag], number)
    if isinstance(value, bool):
        return "T" if value else "F", b""
    if isinstance(value, int):
        return "i", struct.pack(">i", value)
    if isinstance(value, float):
        return "f", struct.pack(">f", value)
    if isinstance(value, bytes):
        return "b", struct.pack(">i", len(value)) + value + b"\0" * (-len(value) % 4)
    return "s", string(value)


def message(address, *values):
    parts = [argument(value) for value in values]
    return string(address) + string("," + "".join(tag for tag, _ in parts)) + b"".join(data for _, data in parts)


def bundle(when, *elements):
    """`when` in seconds since 1970, or None: immediately."""
    tag = 1
    if when is not None:
        whole = math.floor(when)
        tag = (whole + NTP_EPOCH) % 2**32 << 32 | int((when - whole) * 2**32)
    return b"#bundle\0" + struct.pack(">Q", tag) + b"".join(struct.pack(">i", len(e)) + e for e in elements)


def take_string(data, at):
    end = data.index(b"\0", at)
    return data[at:end].decode(), end + 4 - end % 4


def parse(packet):
    """[(address, [values])…] of a packet, bundles flattened."""
    if packet.startswith(b"#bundle\0"):
        found, at = [], 16
        while at < len(packet):
            size, = struct.unpack_from(">i", packet, at)
            found += parse(packet[at + 4:at + 4 + size])
            at += 4 + size
        return found
    address, at = take_string(packet, 0)
    tags, at = take_string(packet, at)
    values = []
    for tag in tags[1:]:
        if tag in "TF":
            values.append(tag == "T")
        elif tag == "s":
            value, at = take_string(packet, at)
            values.append(value)
        else:
            form = {"i": ">i", "f": ">f", "h": ">q", "d": ">d"}[tag]
            values.append(struct.unpack_from(form, packet, at)[0])
            at += struct.calcsize(form)
    return [(address, values)]


def wait_for(what, seconds=PATIENCE, every=0.02):
    """Calls until true and returns that; the last answer when the time is over."""
    end = time.monotonic() + seconds
    while True:
        answer = what()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(every)


class Listener:
    """What every client has, whatever carries its packets: _receive(seconds) gives one, or None."""

    def __init__(self):
        self.waiting = []
        self.serial = 0

    def next(self, seconds=PATIENCE):
        """The next message, or None."""
        if not self.waiting:
            packet = self._receive(seconds)
            if packet is not None:
                self.waiting = parse(packet)
        return self.waiting.pop(0) if self.waiting else None

    def hear(self, address, seconds=PATIENCE):
        """The values of the next message to that address; others are passed over. None when none comes."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            heard = self.next(left)
            if heard is not None and heard[0] == address:
                return heard[1]
        return None

    def collect(self, seconds):
        """All messages of that time, each with the moment it came."""
        end, heard = time.monotonic() + seconds, []
        while (left := end - time.monotonic()) > 0:
            one = self.next(left)
            if one is not None:
                heard.append((time.monotonic(), *one))
        return heard

    def gather(self, count, more=0.3):
        """The next `count` messages, however late, and what else comes within `more` seconds: (address, values) each."""
        heard = [one for one in (self.next() for _ in range(count)) if one is not None]
        return heard + [(address, values) for _, address, values in self.collect(more)]

    def tell(self, address, *values):
        self.send(message(address, *values))

    def ask(self, address, *values):
        """Sends and waits for the answer of the same address."""
        self.tell(address, *values)
        answer = self.hear(address)
        assert answer is not None, f"no answer to {address}"
        return answer

    def get(self, address):
        return self.ask(address)[0]

    def sync(self):
        """Returns when everything sent before is in effect; what came meanwhile."""
        self.serial += 1
        self.tell("/tonmeister/sync", self.serial)
        heard, end = [], time.monotonic() + PATIENCE
        while (left := end - time.monotonic()) > 0:
            one = self.next(left)
            if one == ("/tonmeister/synced", [self.serial]):
                return heard
            if one is not None:
                heard.append(one)
        raise AssertionError(f"sync {self.serial} was not answered; came: {heard}")

    def obey(self, address, *values):
        """Sends, and returns what came back until it was in effect."""
        self.tell(address, *values)
        return self.sync()

    def status(self):
        return dict(zip(("state", "load", "xruns", "late", "refused"), self.ask("/tonmeister/status")))


class Client(Listener):
    """Over UDP."""

    def __init__(self, port):
        super().__init__()
        self.target = ("127.0.0.1", port)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def send(self, packet):
        self.socket.sendto(packet, self.target)

    def _receive(self, seconds):
        self.socket.settimeout(max(seconds, 1e-3))
        try:
            return self.socket.recv(65536)
        except TimeoutError:
            return None


class Stream(Listener):
    """Over TCP: `slip`, or sizes before the packets."""

    def __init__(self, port, slip=False):
        super().__init__()
        self.slip = slip
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def frame(self, packet):
        if not self.slip:
            return struct.pack(">i", len(packet)) + packet
        return b"\xc0" + packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"

    def send(self, packet):
        self.socket.sendall(self.frame(packet))

    def unframe(self):
        if not self.slip:
            if len(self.buffer) < 4 or len(self.buffer) < 4 + struct.unpack_from(">i", self.buffer)[0]:
                return None
            end = 4 + struct.unpack_from(">i", self.buffer)[0]
            packet, self.buffer = self.buffer[4:end], self.buffer[end:]
            return packet
        body = self.buffer.lstrip(b"\xc0")
        if b"\xc0" not in body:
            return None
        packet, _, self.buffer = body.partition(b"\xc0")
        return packet.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")

    def _receive(self, seconds):
        end = time.monotonic() + seconds
        while (packet := self.unframe()) is None:
            left = end - time.monotonic()
            if left <= 0:
                return None
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                return None
            if not data:
                return None
            self.buffer += data
        return packet

    def is_closed(self, seconds=PATIENCE):
        """The server has closed it within that time."""
        self.socket.settimeout(seconds)
        try:
            while self.socket.recv(65536):
                pass
            return True
        except ConnectionError:
            return True
        except TimeoutError:
            return False
