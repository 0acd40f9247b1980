-- Grain: animal vaccinated or tested in the month that the identification system does not know. Key: animal_number.
-- Inputs: stage_livestock, placed_veterinary_events.
select
    'animal' as subject_kind,
    e.animal_number as subject_key,
    any_value(e.okrug_kato) as okrug_kato,
    first(e._file order by e._file, e._record) as left_file,
    first(e._record order by e._file, e._record) as left_record,
    first(e.kind order by e._file, e._record) as left_value,
    max(e.done_on) as left_date,
    null as right_file,
    null as right_record,
    null as right_value,
    null as right_date,
    null as people,
    null as tenge,
    1 as affected
from placed_veterinary_events as e
anti join stage_livestock as a on e.animal_number = a.animal_number
where
    e.kind in ('vaccination', 'test') and e.animal_number is not null
    and e.month = strftime(getvariable('period_end'), '%Y-%m')
group by e.animal_number
