// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/osc/subscriptions_test_desk.hpp"

#include <cmath>

using namespace ton::control::osc;

TEST_CASE("a change goes to those whose pattern matches") {
    Desk desk;
    desk.subscribe(1, "/host/*/level");
    desk.subscribe(2, "//level");
    desk.subscribe(3, "/music/fader/level");
    desk.change("/host/fader/level", -6.0F);
    desk.flush();
    CHECK(desk.take(1) == Messages{{"/host/fader/level", {-6.0F}}});
    CHECK(desk.take(2) == Messages{{"/host/fader/level", {-6.0F}}});
    CHECK(desk.take(3).empty());
}

TEST_CASE("the origin hears of its own change only if the applied value differs, or by echo") {
    Desk desk;
    desk.subscribe(1, "/*");
    desk.subscribe(2, "/*", 0, true);
    desk.subscribe(3, "/*");
    desk.change_by(1, "/a", 12.0F, 12.0F);
    desk.flush();
    CHECK(desk.take(1).empty());
    CHECK(desk.take(2) == Messages{{"/a", {12.0F}}});
    CHECK(desk.take(3) == Messages{{"/a", {12.0F}}});
    desk.now += 100ms;
    desk.change_by(1, "/a", 12.0F, 99.0F); // clamped
    desk.flush();
    CHECK(desk.take(1) == Messages{{"/a", {12.0F}}});
    desk.now += 100ms;
    desk.take(2);
    desk.change_by(2, "/a", 5.0F, 5.0F);
    desk.flush();
    CHECK(desk.take(2) == Messages{{"/a", {5.0F}}});
}

TEST_CASE("an older change by somebody else is not sent to the one that made the newest") {
    Desk desk;
    desk.subscribe(1, "/*", 10);
    desk.change("/b", 0.0F);
    desk.flush();
    desk.take(1);
    desk.change_by(2, "/a", 1.0F, 1.0F); // waits for 1's next frame
    desk.change_by(1, "/a", 2.0F, 2.0F);
    desk.after(200ms);
    CHECK(desk.take(1).empty());
    desk.change_by(1, "/a", 3.0F, 3.0F);
    desk.change_by(2, "/a", 4.0F, 4.0F);
    desk.after(200ms);
    CHECK(desk.take(1) == Messages{{"/a", {4.0F}}});
}

TEST_CASE("coalescing: the newest value of each address, at most `rate` frames a second, in order of first "
          "change") {
    Desk desk;
    desk.subscribe(1, "/*", 10);
    for (int ms = 0; ms < 1'000; ++ms) {
        desk.change("/a", static_cast<float>(ms));
        desk.change("/b", static_cast<float>(-ms));
        desk.after(1ms);
    }
    const auto got = desk.take(1);
    CHECK(got.size() == 20); // ten frames of two
    CHECK(got[2] == Message{"/a", {100.0F}});
    CHECK(got[3] == Message{"/b", {-100.0F}});
    desk.after(100ms);
    CHECK(desk.take(1) == Messages{{"/a", {999.0F}}, {"/b", {-999.0F}}}); // nothing newest is lost
    desk.after(1'000ms);
    CHECK(desk.take(1).empty());
    CHECK(desk.book.counters().coalesced > 1'900);
}

TEST_CASE("each subscriber has its own pace") {
    Desk desk;
    desk.subscribe(1, "/a", 50);
    desk.subscribe(2, "/a", 5);
    for (int ms = 0; ms < 1'000; ++ms) {
        desk.change("/a", static_cast<float>(ms));
        desk.after(1ms);
    }
    CHECK(desk.take(1).size() == 50);
    CHECK(desk.take(2).size() == 5);
}

TEST_CASE("meters hold the peak since the subscriber's last frame") {
    Desk desk;
    desk.subscribe(1, "/m", 10);
    desk.subscribe(2, "/m", 20);
    desk.meter("/m", {-60.0F, -60.0F});
    desk.flush();
    desk.take(1);
    desk.take(2);
    desk.now += 10ms;
    desk.meter("/m", {-3.0F, -50.0F});
    desk.now += 10ms;
    desk.meter("/m", {-30.0F, -20.0F});
    desk.after(30ms);
    CHECK(desk.take(1).empty());
    CHECK(desk.take(2) == Messages{{"/m", {-3.0F, -20.0F}}});
    desk.meter("/m", {-40.0F, -10.0F});
    desk.after(50ms);
    CHECK(desk.take(1) == Messages{{"/m", {-3.0F, -10.0F}}});
    CHECK(desk.take(2) == Messages{{"/m", {-40.0F, -10.0F}}});
    desk.meter("/m", {std::nanf(""), std::nanf("")}); // no reading
    desk.after(200ms);
    CHECK(desk.take(1).empty());
}

TEST_CASE("a meter that is no peak sends its newest value") {
    Desk desk;
    desk.subscribe(1, "/lufs", 10);
    const float readings[] = {-23.0F, -24.0F, -25.0F};
    for (const float& reading : readings) {
        desk.book.on_meter("/lufs", {&reading, 1}, desk.now, Subscriptions::Hold::newest);
    }
    desk.flush();
    CHECK(desk.take(1) == Messages{{"/lufs", {-25.0F}}});
}

TEST_CASE("the lease ends 10 s after the last renewal") {
    Desk desk;
    desk.subscribe(1, "/a");
    desk.after(9'000ms);
    CHECK(desk.book.subscribe(peer(1), {"/a", 0, false}, desk.now)->renewed);
    desk.after(9'999ms);
    CHECK(desk.book.size() == 1);
    CHECK(desk.book.next_due() == desk.now + 1ms);
    desk.after(1ms);
    CHECK(desk.book.size() == 0);
    CHECK(desk.book.counters().expired == 1);
    CHECK_FALSE(desk.book.next_due());
    desk.change("/a", 1.0F);
    desk.flush();
    CHECK(desk.take(1).empty());
}

TEST_CASE("unsubscribe one pattern, or all; a peer that is gone") {
    Desk desk;
    desk.subscribe(1, "/a");
    desk.subscribe(1, "/b");
    desk.subscribe(2, "/*");
    CHECK(desk.book.unsubscribe(peer(1), "/a"));
    CHECK_FALSE(desk.book.unsubscribe(peer(1), "/a"));
    CHECK_FALSE(desk.book.unsubscribe(peer(9), "/a"));
    desk.change("/a", 1.0F);
    desk.change("/b", 1.0F);
    desk.flush();
    CHECK(desk.take(1) == Messages{{"/b", {1.0F}}});
    CHECK(desk.take(2).size() == 2);
    CHECK(desk.book.unsubscribe_all(peer(1)) == 1);
    desk.gone = 2;
    desk.change("/a", 2.0F);
    desk.after(100ms);
    CHECK(desk.book.size() == 0);
}

TEST_CASE(
    "two matching subscriptions of one peer: each value once, at the faster pace; nothing lost on a change") {
    Desk desk;
    desk.subscribe(1, "/*", 2);
    desk.change("/a", 0.0F);
    desk.flush();
    desk.take(1);
    desk.change("/a", 1.0F); // waits for the slow one's frame
    desk.subscribe(1, "/a", 50);
    desk.flush();
    CHECK(desk.take(1) == Messages{{"/a", {1.0F}}}); // carried over to the fast one
    for (int ms = 0; ms < 1'000; ++ms) {
        desk.change("/a", static_cast<float>(ms));
        desk.after(1ms);
    }
    CHECK(desk.take(1).size() == doctest::Approx(50).epsilon(0.03));
    desk.change("/a", 5.0F);
    CHECK(desk.book.unsubscribe(peer(1), "/a"));
    desk.after(1'000ms);
    const auto rest = desk.take(1);
    REQUIRE(rest.size() == 1);
    CHECK(rest[0] == Message{"/a", {5.0F}}); // carried back to the slow one
}

TEST_CASE("a snapshot goes at once, to that subscriber only") {
    Desk desk;
    desk.subscribe(2, "/*");
    const auto id = desk.subscribe(1, "/*");
    const Arguments values{-6.0F};
    desk.book.snapshot(id, "/a", values, desk.now);
    desk.book.snapshot(id, "/b", values, desk.now);
    CHECK(desk.book.next_due().value() <= desk.now);
    desk.flush();
    CHECK(desk.take(1).size() == 2);
    CHECK(desk.take(2).empty());
    desk.book.snapshot(id + 100, "/a", values, desk.now);
}

TEST_CASE("an address may change from parameter to meter and back") {
    Desk desk;
    desk.subscribe(1, "/*", 100);
    desk.change("/a", 1.0F);
    desk.meter("/a", {2.0F, 3.0F});
    desk.flush();
    CHECK(desk.take(1) == Messages{{"/a", {2.0F, 3.0F}}});
    desk.change("/a", 4.0F);
    desk.after(20ms);
    CHECK(desk.take(1) == Messages{{"/a", {4.0F}}});
}
