# SPDX-License-Identifier: GPL-3.0-or-later
"""Design section 6: who may know whom. An include against this order is a defect."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
# layer: what it may include, beside itself
MAY = {
    "dsp": set(),
    "files": {"dsp"},
    "config": set(),
    "engine": {"dsp"},
    "modules": {"dsp", "files", "engine"},
    "graph": {"dsp", "engine", "config", "modules"},
    "control": {"dsp", "files", "engine", "config", "graph"},
    "backend": {"dsp", "engine"},
    "app": {"dsp", "files", "config", "engine", "modules", "graph", "control", "backend"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def sources():
    for base, layer_of in ((ROOT / "src", lambda p: p.relative_to(ROOT / "src").parts[0]), (ROOT / "modules", lambda p: "modules")):
        for path in sorted(base.rglob("*")):
            if path.suffix in (".cpp", ".hpp", ".h") and path.is_file():
                yield path, layer_of(path)


def layer_of_include(name):
    return name.split("/")[0] if "/" in name else None


def is_test(path):
    return path.stem.endswith("_test") or "test" in path.stem.split("_") or path.stem in ("testing", "test_support", "test_desk")


def test_every_folder_of_src_is_a_layer():
    found = {p.name for p in (ROOT / "src").iterdir() if p.is_dir()}
    assert found <= set(MAY), f"folders without a place in the order: {found - set(MAY)}"


def test_no_include_against_the_order():
    wrong = []
    seen = 0
    for path, layer in sources():
        if is_test(path):
            continue
        for name in INCLUDE.findall(path.read_text()):
            other = layer_of_include(name)
            if other not in MAY or other == layer:
                continue
            seen += 1
            if other not in MAY[layer]:
                wrong.append(f"{path.relative_to(ROOT)} ({layer}) includes {name}")
    assert seen > 100, "the pattern finds no includes any more"
    assert not wrong, "\n".join(wrong)


def test_what_is_logged_is_formatted_by_fmt():
    """A format string given to spdlog compiles two seconds of fmt into each file that does so; `fmt::format` is in a library."""
    texts = {path: path.read_text() for path, _ in sources()}
    assert sum("spdlog::" in text for text in texts.values()) > 5
    assert not [path for path, text in texts.items() if re.search(r'spdlog::\w+\(\s*"[^"]*\{', text)]
