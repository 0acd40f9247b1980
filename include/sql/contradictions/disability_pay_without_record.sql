-- Grain: person paid for a disability of which the central data base knows nothing. Key: person_key.
-- Inputs: placed_social_assistance, stage_disability.
select
    'person' as subject_kind,
    a.person_key::varchar as subject_key,
    a.okrug_kato,
    null as left_file,
    null as left_record,
    null as left_value,
    null as left_date,
    a._file as right_file,
    a._record as right_record,
    a.amount_kzt::varchar as right_value,
    a.assigned_on as right_date,
    1 as people,
    a.amount_kzt as tenge,
    null as affected
from placed_social_assistance as a
where
    a.kind = 'ИНВ'
    and not exists (select 1 from stage_disability as d where d.person_key = a.person_key)
