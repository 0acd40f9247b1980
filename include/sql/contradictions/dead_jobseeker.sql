-- Grain: row of employment whose person is dead. Key: person_key.
-- Inputs: placed_population, stage_employment.
select
    'person' as subject_kind,
    a.person_key::varchar as subject_key,
    d.okrug_kato,
    d._file as left_file,
    d._record as left_record,
    d.death_date::varchar as left_value,
    d.death_date as left_date,
    a._file as right_file,
    a._record as right_record,
    a.status as right_value,
    a.registered_on as right_date,
    1 as people,
    null as tenge,
    null as affected
from placed_population as d
inner join stage_employment as a on d.person_key = a.person_key
where d.death_date is not null and a.status in ('SEEKING', 'UNEMPLOYED')
