"""What a contract keeps in the vault does not come into stage under another name."""

import pytest

from auyl import contracts
from auyl.settings import Settings, from_environment
from auyl.stage import scan as check
from auyl.store import duck
from auyl.store.hash_key import set_person_key

INCLUDE = from_environment().include
REGISTRIES = contracts.names(INCLUDE)
NUMBER, NAME = "980606350320", "Құпияұлы"


@pytest.mark.parametrize("registry", REGISTRIES)
def test_no_column_of_stage_holds_what_the_vault_keeps(settings: Settings, registry: str) -> None:
    contract = contracts.load(registry, INCLUDE)
    hidden = [column for column in contract.columns if column.is_vault]
    con = duck.connect(settings)
    set_person_key(con, settings)
    cells = {c.name: (NUMBER if c.is_code else NAME) if c.is_vault else "1" for c in contract.columns}
    con.execute(
        f"create table r ({', '.join(f'{duck.identifier(n)} varchar' for n in cells)}, _file varchar, _record bigint)"
    )
    con.execute(f"insert into r values ({', '.join('?' for _ in cells)}, 'f', 1)", [*cells.values()])
    check.define_views_over(con, INCLUDE, contract, "r", "2026-10")
    kept = check.stage_columns(con, contract)
    assert not {column.name for column in hidden} & set(kept)
    texts = ", ".join(f"{duck.identifier(name)}::varchar" for name in kept)
    (row,) = con.execute(f"select {texts} from candidate").fetchall()
    leaks = {
        name: value
        for name, value in zip(kept, row, strict=True)
        if value and any(secret.casefold() in str(value).casefold() for secret in (NUMBER, NAME))
    }
    assert not leaks
