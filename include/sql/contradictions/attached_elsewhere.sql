-- Grain: person attached to a clinic outside the okrug of registration. Key: person_key.
-- Inputs: placed_population, stage_clinic_attachment, placed_business_register (where the clinic is).
-- A town is no okrug: there its settlement is compared.
select
    'person' as subject_kind,
    a.person_key::varchar as subject_key,
    p.okrug_kato,
    p._file as left_file,
    p._record as left_record,
    coalesce(p.okrug_kato, p.settlement_kato) as left_value,
    p.registered_from as left_date,
    a._file as right_file,
    a._record as right_record,
    coalesce(c.okrug_kato, c.settlement_kato) as right_value,
    a.attached_on as right_date,
    1 as people,
    null as tenge,
    null as affected
from placed_population as p
inner join stage_clinic_attachment as a on p.person_key = a.person_key
inner join placed_business_register as c on a.clinic_bin = c.bin
where p.is_alive and coalesce(p.okrug_kato, p.settlement_kato) <> coalesce(c.okrug_kato, c.settlement_kato)
