-- Grain: act of birth whose child the register does not know. Key: person_key.
-- Inputs: placed_civil_acts (the last twelve months), stage_population.
select
    'person' as subject_kind,
    a.person_key::varchar as subject_key,
    a.okrug_kato,
    a._file as left_file,
    a._record as left_record,
    a.event_on::varchar as left_value,
    a.event_on as left_date,
    null as right_file,
    null as right_record,
    null as right_value,
    null as right_date,
    1 as people,
    null as tenge,
    null as affected
from placed_civil_acts as a
where
    a.kind = 'birth' and a.person_key is not null
    and a.month = strftime(getvariable('period_end'), '%Y-%m')
    and not exists (select 1 from stage_population as p where p.person_key = a.person_key)
