# SPDX-License-Identifier: GPL-3.0-or-later
"""For the tests that compare the running desk with `render`: on which sample was a hand obeyed?"""

import numpy as np


def same_bits(one, other):
    return one.shape == other.shape and np.array_equal(one.view(np.uint32), other.view(np.uint32))


def obeyed_at(render, heard, bundles, step):
    """The events that make render(events) give what was heard. Each bundle's sample, a multiple of `step`, is looked for in turn: a try
    on an early sample shows how long after a move the output leaves its way, and so, from where what was heard does, when it was made.
    What is moved must sound from 6400 samples before on."""
    events = []
    for moves in bundles:
        def agrees_until(sample):
            offline = render(events + [f"{sample}s {move}" for move in moves])
            return next(iter(np.flatnonzero((offline != heard).any(axis=1))), len(heard))

        without = agrees_until(2 * len(heard))
        early = max(0, without - 6400) // 64 * 64
        guess = (early + without - agrees_until(early)) // step * step
        around = range(max(0, guess - 3 * step), guess + 4 * step, step)
        best = max(around, key=agrees_until)
        assert agrees_until(best) > without, f"no sample explains {moves}"
        events += [f"{best}s {move}" for move in moves]
    return events
