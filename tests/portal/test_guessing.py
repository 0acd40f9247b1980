"""Guessing passwords: one address is slowed down, one account is shut, other people still get in."""

from auyl.portal.security import Throttle
from tests.portal.conftest import Portal


def test_an_address_that_tries_many_names_is_stopped(portal: Portal) -> None:
    client = portal.client()
    codes = [portal.sign_in(client, f"guess.{n}", "the same password").status_code for n in range(31)]
    assert codes == [401] * 30 + [429]
    assert portal.audit()[0][:4] == ("guess.29", "sign_in", "", "refused")
    assert "auyl" not in client.cookies


def test_old_failures_are_forgotten_and_addresses_do_not_pile_up() -> None:
    throttle = Throttle(most=1, seconds=0.0, addresses=3)
    throttle.failed("10.0.0.1")
    assert throttle.allows("10.0.0.1")
    throttle = Throttle(most=1, seconds=60.0, addresses=3)
    for n in range(10):
        throttle.failed(f"10.0.0.{n}")
    assert throttle.allows("10.0.0.1")
    assert not throttle.allows("10.0.0.9")
    assert len(throttle._failures) == 3
