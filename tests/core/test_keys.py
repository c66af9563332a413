"""Keys that come one after the other."""

import time_machine

from csm_portal.core import keys


def test_a_later_key_sorts_behind_an_earlier_one():
    with time_machine.travel("2026-11-23 09:00:00Z", tick=False) as clock:
        made = []
        for _ in range(50):
            made.append(keys.ordered())
            clock.shift(0.001)

    assert made == sorted(made)
    assert [key.hex for key in made] == sorted(key.hex for key in made)


def test_keys_of_one_moment_differ_and_say_their_kind():
    with time_machine.travel("2026-11-23 09:00:00Z", tick=False):
        made = {keys.ordered() for _ in range(2_000)}

    assert len(made) == 2_000
    assert {key.version for key in made} == {7}
    assert {key.variant for key in made} == {"specified in RFC 4122"}
    assert {key.int >> 80 for key in made} == {1_795_424_400_000}
