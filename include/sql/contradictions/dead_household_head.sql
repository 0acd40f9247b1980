-- Grain: row of household_book whose person is dead. Key: household_account.
-- Inputs: placed_population, stage_household_book.
select
    'household' as subject_kind,
    a.household_account as subject_key,
    d.okrug_kato,
    d._file as left_file,
    d._record as left_record,
    d.death_date::varchar as left_value,
    d.death_date as left_date,
    a._file as right_file,
    a._record as right_record,
    a.members::varchar as right_value,
    a.visited_on as right_date,
    1 as people,
    null as tenge,
    null as affected
from placed_population as d
inner join stage_household_book as a on d.person_key = a.head_key
where d.death_date is not null
