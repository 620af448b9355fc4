# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups: what `check` says of them, what their addresses say of themselves, and groups made over OSC."""

import json

import osc_client
import pytest
from support_cli import Daemon, tonmeister

DESK = {"version": 1, "strips": {"kick": {"chain": [{"fader": {}}]}, "tom-1": {}, "tom-2": {}},
        "groups": {"drums": {"members": ["kick", "tom*"]}, "voices": {"members": ["vox*"], "level": -3}}}


@pytest.fixture(name="config")
def desk_config(tmp_path):
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "desk.json").write_text(json.dumps(DESK))
    return folder / "desk.json"


def test_check_lists_groups_with_their_members_and_warns_of_patterns_that_match_nothing(config):
    done = tonmeister("check", config)
    assert done.returncode == 0
    assert done.stdout.endswith("\ngroup   members\ndrums   kick, tom-1, tom-2\nvoices  -\n")
    assert 'groups.voices.members: warning: "vox*" matches no strip' in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_group_without_members_is_an_error(config):
    config.write_text(json.dumps({**DESK, "groups": {"empty": {"level": -3}, "nobody": {"members": []}}}))
    done = tonmeister("check", config)
    assert done.returncode == 1
    assert "groups.empty: the members are missing" in done.stderr and done.stderr.count("\n") == 1


def test_groups_over_osc(config, tmp_path):
    with Daemon(config, tmp_path) as desk:
        assert "matches no strip" in desk.log.read_text()
        client = osc_client.Client(desk.port)
        client.tell("/tonmeister/list", "/")
        rows = {}
        while (heard := client.next()) and heard[0] != "/tonmeister/listed":
            rows[heard[1][0]] = heard[1][1:]
        assert "group's members" in rows["/groups/drums/level"][4] and "the group's members" in rows["/groups/drums/mute"][4]
        assert "the group's members" in rows["/groups/drums/solo"][4] and "strip" in rows["/kick/solo"][4]
        assert rows["/kick/meter/true_peak_on"][3] == 0 == client.get("/kick/meter/true_peak_on")
        assert client.obey("/tonmeister/group/add", "all", '{"members":["*"]}') == [("/tonmeister/edited", ["group/add all"])]
        client.obey("/groups/all/level", -6.0)
        client.tell("/tonmeister/save")
        assert client.hear("/tonmeister/saved")
        assert json.loads(config.read_text())["groups"]["all"] == {"members": ["*"], "level": -6}
        assert client.obey("/tonmeister/group/remove", "all") == [("/tonmeister/edited", ["group/remove all"])]
        client.obey("/tonmeister/undo")
        assert client.get("/groups/all/level") == -6


def test_a_solo_of_a_group_of_nobody_mutes_nobody(config, tmp_path):
    config.write_text(json.dumps({"version": 1, "strips": {"kick": {"chain": [{"tone": {"frequency": 100}}]}}, "groups": {"voices": {"members": ["vox*"]}}}))
    heard = []
    for solo in (0, 1):
        (tmp_path / "events").write_text(f"0 /groups/voices/solo {solo}\n")
        done = tonmeister("render", config, "--output", f"kick={tmp_path / 'kick.wav'}", "--length", "0.5", "--quiet", "--events", tmp_path / "events")
        assert done.returncode == 0, done.stderr
        heard.append((tmp_path / "kick.wav").read_bytes())
    assert heard[0] == heard[1] and any(heard[0][1000:])
