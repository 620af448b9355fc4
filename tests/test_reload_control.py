# SPDX-License-Identifier: GPL-3.0-or-later
"""What a reload does with what the config says of the daemon itself: in effect at once, or said to wait."""

import json
import pathlib
import shutil
import socket
import subprocess
import sys

import pytest
from desk import Daemon, write_config
from support_cli import in_own, tonmeister

STRANGER = "192.0.2.9"  # RFC 5737
STRIPS = {"v": {"channels": 1, "chain": [{"fader": {}}]}}

# A host that is not this one: loopback under another name, in a network of its own.
INSIDE = """
import json, pathlib, socket, sys
sys.path.insert(0, sys.argv[1])
from desk import Daemon
from osc_client import message
config = pathlib.Path(sys.argv[2])
stranger = sys.argv[3]
heard = {}
def allow(desk, *networks):
    text = json.loads(config.read_text())
    text["control"]["allow"] = list(networks)
    config.write_text(json.dumps(text))
    assert any(address == "/tonmeister/reloaded" for address, _ in desk.client.obey("/tonmeister/reload"))
def answered(client, port):
    client.sendto(message("/tonmeister/ping", 1), (stranger, port))
    try:
        return bool(client.recv(65536))
    except TimeoutError:
        return False
with Daemon(config, osc=("udp://0.0.0.0:0",)) as desk:
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.bind((stranger, 0))
    client.settimeout(1)
    heard["at first"] = answered(client, desk.port)
    allow(desk, stranger + "/32")
    heard["allowed"] = answered(client, desk.port)
    allow(desk)
    heard["no more"] = answered(client, desk.port)
    desk.client.obey("/tonmeister/undo")
    heard["undone"] = answered(client, desk.port)
print(json.dumps(heard))
"""


def test_who_is_allowed_changes_at_once(tmp_path):
    config = write_config(tmp_path, STRIPS, control={})
    done = subprocess.run([*in_own("net"), "sh", "-c", f'ip link set lo up && ip addr add {STRANGER}/32 dev lo && exec "$@"', "sh", sys.executable, "-c", INSIDE,
                           str(pathlib.Path(__file__).resolve().parent), str(config), STRANGER], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"at first": False, "allowed": True, "no more": False, "undone": True}


def test_a_host_is_answered_where_the_config_says(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.2", 0))
        listener.settimeout(2)
        url = f"udp://127.0.0.2:{listener.getsockname()[1]}"
        config = write_config(tmp_path, STRIPS, control={"reply": [url]})
        with Daemon(config) as desk:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
                asker.bind(("127.0.0.2", 0))
                asker.sendto(b"/tonmeister/ping\0\0\0\0,i\0\0\0\0\0\7", ("127.0.0.1", desk.port))
            assert listener.recv(1000).startswith(b"/tonmeister/pong")


@pytest.mark.parametrize("section, key, value", [("control", "osc", ["udp://127.0.0.1:1"]), ("engine", "sample_rate", 44100), ("engine", "block", 128)])
def test_what_waits_for_a_restart_is_said(tmp_path, section, key, value):
    config = write_config(tmp_path, STRIPS, control={"osc": ["udp://127.0.0.1:0"]})
    text = json.loads(config.read_text())
    with Daemon(config, osc=() if section == "control" else ("udp://127.0.0.1:0",)) as desk:
        text.setdefault(section, {})[key] = value
        config.write_text(json.dumps(text, indent=1))
        answers = desk.client.obey("/tonmeister/reload")
        remarks = next(values[1:] for address, values in answers if address == "/tonmeister/reloaded")
        assert len(remarks) == 1 and remarks[0].endswith(f"{section}.{key}: takes effect after a restart")
        assert remarks[0] in desk.log()
        del text[section][key]
        if section == "control":
            text[section][key] = ["udp://127.0.0.1:0"]
        config.write_text(json.dumps(text))
        assert ("/tonmeister/reloaded", [str(config)]) in desk.client.obey("/tonmeister/reload")


def test_media_is_where_file_names_begin(tmp_path):
    (tmp_path / "sounds").mkdir()
    shutil.copy(pathlib.Path(__file__).resolve().parent.parent / "demo/stems/kick.ogg", tmp_path / "sounds/kick.ogg")
    strips = {"v": {"chain": [{"player": {"file": "kick.ogg"}}]}}
    assert tonmeister("check", write_config(tmp_path, strips, control={"media": "sounds"})).returncode == 0
    assert tonmeister("check", write_config(tmp_path, strips)).returncode == 1
