-- Grain: household whose head the register does not know. Key: household_account.
-- Inputs: placed_household_book, stage_population.
select
    'household' as subject_kind,
    h.household_account as subject_key,
    h.okrug_kato,
    null as left_file,
    null as left_record,
    null as left_value,
    null as left_date,
    h._file as right_file,
    h._record as right_record,
    h.members::varchar as right_value,
    h.visited_on as right_date,
    h.members as people,
    null as tenge,
    null as affected
from placed_household_book as h
where
    h.head_key is not null
    and not exists (select 1 from stage_population as p where p.person_key = h.head_key)
