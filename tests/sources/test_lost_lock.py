"""A pull whose connection to the database breaks off while the source answers lands nothing."""

import pytest
from sqlalchemy import text

from auyl import intake
from auyl.errors import LockLost
from auyl.settings import Settings
from auyl.store.postgres import autocommit
from tests.extracts import PERIOD, jobseeker, page
from tests.sources.conftest import TOKEN, Answer, Answering, Asked
from tests.store.test_locks import kill_holder


def test_a_pull_whose_lock_is_lost_lands_nothing(settings: Settings, answering: Answering) -> None:
    is_broken = [True]

    def reply(asked: Asked) -> Answer:
        if is_broken.pop() if is_broken else False:
            kill_holder(settings)
        return Answer(body=page([jobseeker(n) for n in range(1, 41)]))

    server = answering(reply)
    address = f"http://:{TOKEN}@127.0.0.1:{server.port}"

    def deliveries() -> int:
        with autocommit(settings) as con:
            return int(con.execute(text("select count(*) from ledger.delivery")).scalar_one())

    with pytest.raises(LockLost):
        intake.pull("employment", PERIOD, lambda _: address, settings)
    assert deliveries() == 0
    assert intake.load(intake.pull("employment", PERIOD, lambda _: address, settings), settings).staged == 40
    assert deliveries() == 1
