-- Grain: jobseeker. Key: person_key. Inputs: counted_employment, person, place. Variables: period_begin, period_end.
-- A jobseeker is counted where registered; without an entry in the population registry, by the source's code.
-- Who registered after the period is of the next one.
select
    j.person_key,
    j.status,
    date_sub('year', coalesce(p.birth_date, j.birth_date), getvariable('period_end')) as age_years,
    j.status in ('SEEKING', 'UNEMPLOYED')
    or coalesce(j.status = 'PLACED' and j.placed_on > getvariable('period_end'), false) as is_seeking,
    j.status = 'PLACED'
    and coalesce(j.placed_on between getvariable('period_begin') and getvariable('period_end'), false)
        as placed_in_period,
    p.person_key is not null as is_registered,
    coalesce(p.is_alive, false) as is_resident,
    coalesce(p.settlement_kato, l.settlement_kato) as settlement_kato,
    coalesce(p.okrug_kato, l.okrug_kato) as okrug_kato,
    coalesce(p.district_kato, l.district_kato) as district_kato,
    case when p.okrug_kato is not null then 'person' else l.step end as step,
    j.linked_by,
    j._file,
    j._record
from counted_employment as j
left join person as p on j.person_key = p.person_key
left join place as l on claim_key(null, j.kato, null, null, null, j.settlement_name) = l._key
where coalesce(j.registered_on <= getvariable('period_end'), true)
