-- Grain: row of family_card that stands in another okrug than its person is registered in. Key: family_account.
-- Inputs: placed_population, placed_family_card. Unplaced rows are left out.
select
    'family' as subject_kind,
    a.family_account as subject_key,
    p.okrug_kato,
    p._file as left_file,
    p._record as left_record,
    p.okrug_kato as left_value,
    p.registered_from as left_date,
    a._file as right_file,
    a._record as right_record,
    a.okrug_kato as right_value,
    a.assessed_on as right_date,
    a.members as people,
    null as tenge,
    null as affected
from placed_population as p
inner join placed_family_card as a on p.person_key = a.head_key
where p.is_alive and p.okrug_kato <> a.okrug_kato
