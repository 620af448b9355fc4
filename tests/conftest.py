# SPDX-License-Identifier: GPL-3.0-or-later
"""For all whole-program tests: none stands still for ever, waiting for a line that never comes, say."""

import signal

import pytest
from desk import JackFeed

LONGEST = 600  # s: twice what the longest takes with --full


@pytest.fixture(autouse=True)
def an_end():
    def over(*_):
        raise TimeoutError(f"the test is not over after {LONGEST} s")
    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(LONGEST)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def no_feed_is_left():
    yield
    JackFeed.end_all()
