-- Grain: row of household_book that stands in another okrug than its person is registered in. Key: household_account.
-- Inputs: placed_population, placed_household_book. Unplaced rows are left out.
select
    'household' as subject_kind,
    a.household_account as subject_key,
    p.okrug_kato,
    p._file as left_file,
    p._record as left_record,
    p.okrug_kato as left_value,
    p.registered_from as left_date,
    a._file as right_file,
    a._record as right_record,
    a.okrug_kato as right_value,
    a.visited_on as right_date,
    a.members as people,
    null as tenge,
    null as affected
from placed_population as p
inner join placed_household_book as a on p.person_key = a.head_key
where p.is_alive and p.okrug_kato <> a.okrug_kato
