-- Grain: rural household. Key: household_account. Inputs: typed (household_book).
-- A settlement and its code stand in the first row of a merged block; rows of a sheet follow its numbers. The sheet is
-- named after the okrug. A heading that stands among the rows tells no settlement.
select
    row_number,
    household_account,
    head_iin,
    iin_is_valid(head_iin) as is_iin_valid,
    person_key(head_iin) as head_key,
    head_name,
    last_value(case when household_account is distinct from 'Лицевой счет' then kato end ignore nulls)
        over (partition by _file order by _record) as kato,
    homoglyphs_to_cyrillic(
        last_value(case when household_account is distinct from 'Лицевой счет' then settlement_name end ignore nulls)
            over (partition by _file order by _record)
    ) as settlement_name,
    nullif(split_part(_file, '#', 2), '') as okrug_name,
    members,
    land_ha,
    land_ha__text,
    cattle,
    cattle__text,
    small_ruminants,
    small_ruminants__text,
    horses,
    horses__text,
    camels,
    camels__text,
    poultry,
    poultry__text,
    visited_on,
    ${row_origin}
from typed
