-- Grain: person whose birth date differs between the two. Key: person_key.
-- Inputs: placed_population, stage_employment.
select
    'person' as subject_kind,
    a.person_key::varchar as subject_key,
    any_value(p.okrug_kato) as okrug_kato,
    any_value(p._file) as left_file,
    any_value(p._record) as left_record,
    any_value(p.birth_date)::varchar as left_value,
    any_value(p.registered_from) as left_date,
    first(a._file order by a._file, a._record) as right_file,
    first(a._record order by a._file, a._record) as right_record,
    first(a.birth_date order by a._file, a._record)::varchar as right_value,
    max(a.registered_on) as right_date,
    1 as people,
    null as tenge,
    null as affected
from placed_population as p
inner join stage_employment as a on p.person_key = a.person_key
where p.birth_date <> a.birth_date
group by a.person_key
