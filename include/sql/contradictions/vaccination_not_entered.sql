-- Grain: animal vaccinated by an act of the last twelve months that the identification system does not show.
-- Key: animal_number. Inputs: stage_veterinary_events (the last twelve months), placed_livestock.
select
    'animal' as subject_kind,
    a.animal_number as subject_key,
    any_value(a.okrug_kato) as okrug_kato,
    first(e._file order by e.done_on desc, e._file, e._record) as left_file,
    first(e._record order by e.done_on desc, e._file, e._record) as left_record,
    max(e.done_on)::varchar as left_value,
    max(e.done_on) as left_date,
    any_value(a._file) as right_file,
    any_value(a._record) as right_record,
    any_value(a.vaccinated_on)::varchar as right_value,
    any_value(a.reported_on) as right_date,
    null as people,
    null as tenge,
    1 as affected
from stage_veterinary_events as e
inner join placed_livestock as a on e.animal_number = a.animal_number
-- a number passes on: the event must be of this animal
where e.kind = 'vaccination' and e.done_on > coalesce(a.vaccinated_on, date '1900-01-01') and e.done_on >= a.birth_date
group by a.animal_number
