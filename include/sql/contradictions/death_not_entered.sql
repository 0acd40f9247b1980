-- Grain: act of death whose person the register has as living. Key: person_key.
-- Inputs: stage_civil_acts (the last twelve months), placed_population.
select
    'person' as subject_kind,
    a.person_key::varchar as subject_key,
    p.okrug_kato,
    a._file as left_file,
    a._record as left_record,
    a.event_on::varchar as left_value,
    a.event_on as left_date,
    p._file as right_file,
    p._record as right_record,
    coalesce(p.life_status_code, '0') as right_value,
    getvariable('period_end') as right_date,
    1 as people,
    null as tenge,
    null as affected
from (
    select * from stage_civil_acts
    where kind = 'death'
    qualify row_number() over (partition by person_key order by registered_on desc, _file, _record) = 1
) as a
inner join placed_population as p on a.person_key = p.person_key
where p.is_alive
