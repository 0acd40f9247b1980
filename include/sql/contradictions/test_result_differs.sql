-- Grain: animal whose test of a day has one result in the act and another in the identification system.
-- Key: animal_number. Inputs: stage_veterinary_events (the last twelve months), placed_livestock.
select
    'animal' as subject_kind,
    a.animal_number as subject_key,
    any_value(a.okrug_kato) as okrug_kato,
    first(e._file order by e._file, e._record) as left_file,
    first(e._record order by e._file, e._record) as left_record,
    first(e.result order by e._file, e._record) as left_value,
    any_value(e.done_on) as left_date,
    any_value(a._file) as right_file,
    any_value(a._record) as right_record,
    any_value(a.test_result) as right_value,
    any_value(a.tested_on) as right_date,
    null as people,
    null as tenge,
    1 as affected
from stage_veterinary_events as e
inner join placed_livestock as a on e.animal_number = a.animal_number and e.done_on = a.tested_on
where e.kind = 'test' and e.result in ('positive', 'negative') and e.result <> a.test_result
group by a.animal_number
