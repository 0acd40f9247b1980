-- Grain: row of family_card whose person is dead. Key: family_account.
-- Inputs: placed_population, stage_family_card.
select
    'family' as subject_kind,
    a.family_account as subject_key,
    d.okrug_kato,
    d._file as left_file,
    d._record as left_record,
    d.death_date::varchar as left_value,
    d.death_date as left_date,
    a._file as right_file,
    a._record as right_record,
    a.members::varchar as right_value,
    a.assessed_on as right_date,
    1 as people,
    null as tenge,
    null as affected
from placed_population as d
inner join stage_family_card as a on d.person_key = a.head_key
where d.death_date is not null
