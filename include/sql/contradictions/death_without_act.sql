-- Grain: death of the register in a month whose acts came, without an act. Key: person_key.
-- Inputs: placed_population, stage_civil_acts (the last twelve months).
select
    'person' as subject_kind,
    p.person_key::varchar as subject_key,
    p.okrug_kato,
    p._file as left_file,
    p._record as left_record,
    p.death_date::varchar as left_value,
    p.death_date as left_date,
    null as right_file,
    null as right_record,
    null as right_value,
    null as right_date,
    1 as people,
    null as tenge,
    null as affected
from placed_population as p
where
    strftime(p.death_date, '%Y-%m') in (select month from stage_civil_acts)
    and not exists (select 1 from stage_civil_acts as a where a.kind = 'death' and a.person_key = p.person_key)
