-- Grain: person of the population registry. Key: person_key. Inputs: stage_population, place.
-- Variables: period_begin, period_end. The 12 months are those that end with the period.
select
    p.person_key,
    p.sex,
    p.birth_date,
    date_sub('year', p.birth_date, getvariable('period_end')) as age_years,
    -- Who died after the period was a resident at its end.
    p.is_alive or coalesce(p.death_date > getvariable('period_end'), false) as is_alive,
    coalesce(
        p.registered_from between getvariable('period_begin') - interval 11 month and getvariable('period_end'), false
    ) as registered_12_months,
    l.settlement_kato,
    l.okrug_kato,
    l.district_kato,
    l.step,
    p._file,
    p._record
from stage_population as p
left join place as l on claim_key(p.rca, null, p.district_code, null, null, p.settlement_name) = l._key
