# SPDX-License-Identifier: GPL-3.0-or-later
"""Rounds of measurements to rows, and rows to a table."""
import statistics

NS = "ns_per_sample_and_channel"


def limiter_rows(material, title):
    """The same programme, the same ceiling; sample peaks apart from true peaks."""
    ours = {mode: ("tonmeister", "limiter", mode, material, NS) for mode in ("true_peak", "sample_peak")}
    peers = [("true_peak", "x42 dpl, true peak", "dpl_true_peak"), ("true_peak", "LSP limiter, full x8", "lsp_limiter_full_x8"),
             ("true_peak", "LSP limiter, half x4", "lsp_limiter_half_x4"),
             ("sample_peak", "x42 dpl", "dpl_sample_peak"), ("sample_peak", "LSP limiter, plain", "lsp_limiter_plain")]
    return [(f"limiter, {mode.replace('_', ' ')}, {title}", ours[mode], peer, ("lv2", key, material, NS))
            for mode, peer, key in peers]


def meter_rows(material, title):
    base = ("tonmeister", "loudness", material)
    return [
        (f"M, S, I, LRA, true peak, {title}", (*base, "unpolled", NS), "libebur128",
         (*base, "unpolled", "libebur128_" + NS)),
        (f"the same, polled, {title}", (*base, "polled", NS), "libebur128, polled at 10 Hz",
         (*base, "polled", "libebur128_" + NS)),
        (f"the same, polled, {title}", (*base, "polled", NS), "x42 EBUr128 with true peak", ("lv2", "ebur128_all", material, NS)),
        (f"the same, polled, {title}", (*base, "polled", NS), "x42 dBTP: true peak only", ("lv2", "dbtp", material, NS)),
        (f"the same, polled, {title}", (*base, "polled", NS), "x42 EBUr128: M and S only",
         ("lv2", "ebur128_momentary_shortterm", material, NS)),
    ]


# What was done, where Tonmeister's figure is, who did it instead, where its figure is.
ROWS = [
    *[(f"strip, {how}, {size}", ("tonmeister", "strips", key + how.split()[-1], "ns_per_sample_and_strip"), "scsynth, 32 strips",
       ("scsynth", how.split()[-1]))
      for size, key in (("32 strips", "desk_of_32_"), ("5,000 strips", "")) for how in ("still", "every parameter moving")],
    *limiter_rows("driven", "driven"),
    *limiter_rows("quiet", "quiet"),
    *meter_rows("programme", "programme"),
    *meter_rows("noise", "white noise"),
]


def at(tree, path):
    for key in path:
        tree = tree[key]
    return tree


def row(rounds, work, ours, peer, theirs):
    """Medians over the rounds; the ratio is the median of the rounds' own ratios, since a machine's speed wanders."""
    pairs = [(at(one, ours), at(one, theirs)) for one in rounds]
    return {
        "work": work,
        "tonmeister_ns": statistics.median(a for a, _ in pairs),
        "tonmeister_best_ns": min(a for a, _ in pairs),
        "peer": peer,
        "peer_ns": statistics.median(b for _, b in pairs),
        "peer_best_ns": min(b for _, b in pairs),
        "times": statistics.median(b / a for a, b in pairs),
        "times_least": min(b / a for a, b in pairs),
        "times_most": max(b / a for a, b in pairs),
    }


def peaks(last):
    """What each limiter let through of the driven programme at a ceiling of -1, dBFS and dBTP, by libebur128."""
    found = {"tonmeister, " + mode.replace("_", " "): at(last, ("tonmeister", "limiter", mode, "driven"))
             for mode in ("true_peak", "sample_peak")}
    found.update({name: plugin["driven"] for name, plugin in last["lv2"].items() if "output_true_peak" in plugin.get("driven", {})})
    return {name: {key: figures[key] for key in ("output_sample_peak", "output_true_peak")} for name, figures in found.items()}


def result(rounds, machine):
    return {"machine": machine, "rounds": len(rounds), "rows": [row(rounds, *r) for r in ROWS], "limiter_output": peaks(rounds[-1]),
            "measured": rounds}


def table(found):
    machine = found["machine"]
    lines = [
        f"{machine['date']}, {machine['processor']}, {machine['processors']} processors, Linux {machine['kernel']}; "
        f"tonmeister {machine['tonmeister']}; " + ", ".join(f"{name} {number}" for name, number in machine["packages"].items()) + ".",
        f"48 kHz, 64 frames, ns of processor time per sample and channel (strip: per sample and strip); median of "
        f"{found['rounds']} rounds.", "",
        "| work | Tonmeister | peer | its ns | times Tonmeister's | least … most |", "| --- | ---: | --- | ---: | ---: | ---: |"]
    lines += [f"| {r['work']} | {r['tonmeister_ns']:.2f} | {r['peer']} | {r['peer_ns']:.2f} | **{r['times']:.1f}** | "
              f"{r['times_least']:.1f} … {r['times_most']:.1f} |" for r in found["rows"]]
    lines += ["", "| limiter on the driven programme, ceiling −1 | highest sample, dBFS | true peak, dBTP (libebur128) |",
              "| --- | ---: | ---: |"]
    lines += [f"| {name.replace('_', ' ')} | {p['output_sample_peak']:+.2f} | {p['output_true_peak']:+.2f} |"
              for name, p in found["limiter_output"].items()]
    return "\n".join(lines)
