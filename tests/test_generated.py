# SPDX-License-Identifier: GPL-3.0-or-later
"""What derives from the parameter tables is what the binary says now."""

import shutil
import subprocess
import sys

import pytest
from support_cli import BINARY, ROOT, modules, tonmeister

GENERATE = ROOT / "scripts/generate"


def generate(root, *words):
    return subprocess.run([sys.executable, GENERATE, "--root", root, "--binary", BINARY, *words], capture_output=True,
                          text=True, timeout=120, check=False)


@pytest.fixture(name="copy")
def copy_of_the_tree(tmp_path):
    for folder in ("docs", "configs", "modules"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def test_nothing_generated_is_stale():
    done = generate(ROOT, "--check")
    assert done.stdout == ""
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path, right_line", [
    ("docs/modules.md", "| `threshold` |"),
    ("configs/tonmeister.schema.json", '"threshold": {'),
    ("modules/compressor/compressor.md", "| `threshold` |"),
])
def test_a_stale_file_is_found_and_mended(copy, path, right_line):
    file = copy / path
    right = file.read_text()
    file.write_text(right.replace(right_line, right_line.replace("threshold", "treshold")))
    assert file.read_text() != right
    stale = generate(copy, "--check")
    assert stale.returncode == 1
    assert stale.stdout == f"{path} is stale: run scripts/generate\n"
    assert generate(copy).returncode == 0
    assert file.read_text() == right


def test_a_page_keeps_what_a_person_wrote(copy):
    page = copy / "modules/fader/fader.md"
    page.write_text("# fader\n\nBefore.\n\n<!-- table -->\n\nAfter.\n")
    assert generate(copy).returncode == 0
    text = page.read_text()
    assert text.startswith("# fader\n\nBefore.\n\n<!-- table -->\n\n| parameter |")
    assert text.endswith("<!-- /table -->\n\nAfter.\n")
    assert "| `level` | dB |" in text
    assert generate(copy, "--check").returncode == 0


def test_docs_and_text_have_every_parameter():
    docs = (ROOT / "docs/modules.md").read_text(encoding="utf-8")
    for name, rows in modules().items():
        section = docs.split(f"\n## {name}\n")[1].split("\n## ")[0]
        text = tonmeister("modules", name).stdout
        for path, row in rows.items():
            parts = path.split("/")
            # Of a matrix the first point stands for all; the lists of its 2 by 2 hold them all.
            group = ["IN", "OUT"] if parts[0].isdigit() else [parts[0], "N"]
            line = "/".join([*group, parts[2]]) if len(parts) == 3 else path
            assert f"| `{line}` |" in section, (name, path)
            assert row["help"] in text, (name, path)


def test_an_unknown_module_is_wrong_usage_with_the_nearest_name():
    done = tonmeister("modules", "compresor")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == 'tonmeister modules: there is no module "compresor"; did you mean "compressor"?\n'
