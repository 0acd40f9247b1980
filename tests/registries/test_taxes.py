"""Taxes: what is broken is kept back and nothing else, debts are told as the payer's registry has them."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.registries.conftest import Taken
from tests.registries.truth import contents

REGISTRY, HEADING = "taxes", 2


@pytest.fixture(scope="module")
def taken(take: Callable[[str, int], Taken]) -> Taken:
    return take(REGISTRY, HEADING)


def test_every_row_is_accounted_for_once(taken: Taken) -> None:
    batch = taken.dirty.batch
    assert batch.rows_in == taken.dirty.rows == batch.staged + batch.quarantined + batch.duplicates
    assert taken.good.batch.staged == taken.good.rows


def test_broken_rows_are_kept_back_and_good_ones_are_not(taken: Taken) -> None:
    assert len(taken.dirty.owed["quarantined"]) > 20
    assert not taken.dirty.missed
    assert len(taken.dirty.false_alarms) <= 0.001 * taken.dirty.rows, taken.dirty.false_alarms
    owed, found = taken.dirty.owed["duplicate"], taken.dirty.duplicates
    assert owed and contents(taken.oblast, REGISTRY, found, HEADING) == contents(taken.oblast, REGISTRY, owed, HEADING)


def test_a_payer_who_owes_has_not_paid_and_names_do_not_reach_stage(taken: Taken) -> None:
    assert not {"payer_number", "payer_name"} & set(taken.stage[0])
    assert {row["payer_kind"] for row in taken.stage} == {"citizen", "sole_trader", "farm", "legal_entity"}
    assert {row["tax"] for row in taken.stage} == {"income", "property", "land", "vehicle", "single_land"}
    given = {
        (row["payer/xin"], row["kbk"], row["kato"]): Decimal(row["arrears"] or "")
        for row in taken.clean.rows(REGISTRY).values()
    }
    assert len(given) == len(taken.stage)
    assert sum(Decimal(str(row["arrears_kzt"])) for row in taken.stage) == sum(given.values()) > 0
    for row in taken.stage:
        assert (row["payer_bin"] is None) == (row["payer_number_kind"] == "iin")
        assert row["arrears_kzt"] == 0 or (row["paid_kzt"] == 0 and row["last_paid_on"] is None)
