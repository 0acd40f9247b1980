-- Grain: dead person with animals; file and record are those of the first. Key: owner_key.
-- Inputs: placed_population, stage_livestock.
select
    'person' as subject_kind,
    a.owner_key::varchar as subject_key,
    any_value(d.okrug_kato) as okrug_kato,
    any_value(d._file) as left_file,
    any_value(d._record) as left_record,
    any_value(d.death_date)::varchar as left_value,
    any_value(d.death_date) as left_date,
    first(a._file order by a._file, a._record) as right_file,
    first(a._record order by a._file, a._record) as right_record,
    count(*)::varchar as right_value,
    max(a.reported_on) as right_date,
    1 as people,
    null as tenge,
    count(*) as affected
from placed_population as d
inner join stage_livestock as a on d.person_key = a.owner_key
where d.death_date is not null
group by a.owner_key
