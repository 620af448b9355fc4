# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON Schema takes what the daemon takes and refuses what it refuses, as far as a schema can know."""

import json

import jsonschema
import pytest
from support_cli import GOOD, ROOT, modules, tonmeister

SCHEMA = json.loads((ROOT / "configs/tonmeister.schema.json").read_text(encoding="utf-8"))
TABLES = modules()
# Errors of type, range or name; the others (cycles, unknown strips, syntax) are beyond a schema.
REFUSED = [
    "bad_port_name",
    "bad_strip_name",
    "bad_url",
    "engine_out_of_range",
    "not_an_object",
    "parameter_out_of_range",
    "parameter_wrong_type",
    "two_modules_in_one_entry",
    "unknown_key",
    "unknown_module",
    "unknown_parameter",
    "unknown_stage",
    "version_2",
    "version_missing",
    "wrong_type",
]


def errors(config):
    return list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(config))


def desk(chain):
    return {"version": 1, "strips": {"one": {"channels": 2, "chain": chain, "to": "two"}, "two": {"channels": 2}, "key": {}}}


def settable(name):
    return {path: row for path, row in TABLES[name].items() if row["kind"] != "meter"}


def right_values(row):
    """All that the table allows at its ends."""
    if row["kind"] in ("number", "integer"):
        return [row["minimum"], row["maximum"], row["default"]]
    if row["kind"] == "toggle":
        return [True, False]
    if row["kind"] == "choice":
        return row["choices"]
    return [{"to": "two", "sidechain": "key"}.get(row["name"], row["default"])]


def wrong_values(row):
    if row["kind"] in ("number", "integer"):
        span = row["maximum"] - row["minimum"]
        wrong = [row["minimum"] - 0.01 * span, row["maximum"] + 0.01 * span, "loud", True]
        return wrong + ([row["minimum"] + 0.5] if row["kind"] == "integer" else [])
    if row["kind"] == "toggle":
        return [1, "on"]
    if row["kind"] == "choice":
        return [row["choices"][0] + "x", True]
    return [3, False]


def needed(name):
    """What a module can't do without."""
    return {"to": "two"} if "to" in TABLES[name] and TABLES[name]["to"]["kind"] == "text" else {}


def nest(flat):
    nested = {}
    for path, value in flat.items():
        place = nested
        *groups, last = path.split("/")
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = value
    return nested


def entry(name, parameters):
    return {name: parameters, "as": "it"}


def check(tmp_path, config):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    return tonmeister("check", path)


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
def test_shipped_configs_name_the_schema_and_meet_it(path):
    config = json.loads(path.read_text(encoding="utf-8"))
    assert config["$schema"] == "tonmeister.schema.json"
    assert errors(config) == []


@pytest.mark.parametrize("name", REFUSED)
def test_broken_configs_are_refused(name):
    assert errors(json.loads((ROOT / f"configs/broken/{name}.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", TABLES)
def test_the_ends_of_every_range_are_taken_flat_and_nested(name, tmp_path):
    rows = settable(name)
    values = {path: right_values(row) for path, row in rows.items()}
    if name == "matrix":  # another size has another table, and needs another strip
        values |= {"inputs": [2], "outputs": [2]}
    if name == "monitor":  # more sets come out wider
        values |= {"sets": [1]}
    for turn in range(max(map(len, values.values()))):
        flat = {path: options[turn % len(options)] for path, options in values.items()}
        config = desk([entry(name, flat)])
        assert errors(config) == [], name
        assert errors(desk([entry(name, nest(flat))])) == [], name
        result = check(tmp_path, config)
        assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name", TABLES)
def test_what_the_daemon_refuses_the_schema_refuses(name, tmp_path):
    """One strip a wrong value, so that the daemon tells of each in one run."""
    strips, wrong = {"two": {"channels": 2}}, []
    for path, row in settable(name).items():
        for value in wrong_values(row):
            broken = entry(name, {**needed(name), path: value})
            assert errors(desk([broken])), (name, path, value)
            strips[f"s{len(wrong)}"] = {"channels": 2, "chain": [broken], "to": "two"}
            wrong.append((path, value))
    result = check(tmp_path, {"version": 1, "strips": strips})
    assert result.returncode == 1
    told = {line.split(": ")[1] for line in result.stderr.splitlines()}
    expected = {f"strips.s{i}.chain[0].{name}.{path}" for i, (path, _) in enumerate(wrong)}
    assert told == expected


@pytest.mark.parametrize("broken", [
    [{"fader": {}, "pan": {}}],
    [{"as": "nothing"}],
    [{"fader": {"leevl": -3}}],
    [{"fader": {}, "as": "two words"}],
    [3],
    "fader",
])
def test_a_chain_of_anything_else_is_refused(broken):
    assert errors(desk(broken))
