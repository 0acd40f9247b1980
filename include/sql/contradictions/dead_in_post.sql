-- Grain: row of civil_service whose person is dead. Key: post_number.
-- Inputs: placed_population, stage_civil_service.
select
    'post' as subject_kind,
    a.post_number as subject_key,
    d.okrug_kato,
    d._file as left_file,
    d._record as left_record,
    d.death_date::varchar as left_value,
    d.death_date as left_date,
    a._file as right_file,
    a._record as right_record,
    a.post as right_value,
    a.appointed_on as right_date,
    1 as people,
    null as tenge,
    null as affected
from placed_population as d
inner join stage_civil_service as a on d.person_key = a.person_key
where d.death_date is not null
