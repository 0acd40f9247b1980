-- Grain: person of the population registry. Key: person_key. Inputs: stage_population, place.
-- Variables: period_begin, period_end. The 12 months are those that end with the period.
select
    p.person_key,
    p.sex,
    p.birth_date,
    date_sub('year', p.birth_date, getvariable('period_end')) as age_years,
    -- At the end of the period: who died after it was a resident, who was born after it was none. is_alive is missing
    -- where the date of death is not believed.
    (
        coalesce(p.is_alive, coalesce(p.life_status_code, '0') = '0')
        or coalesce(p.death_date > getvariable('period_end'), false)
    )
    and coalesce(p.birth_date <= getvariable('period_end'), true) as is_alive,
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
