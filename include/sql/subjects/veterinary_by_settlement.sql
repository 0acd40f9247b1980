-- Grain: settlement and species; settlement_kato '' for what is known by okrug only.
-- Key: okrug_kato, settlement_kato, species. Inputs: animal, okrug, territory.
select
    a.okrug_kato,
    coalesce(a.settlement_kato, '') as settlement_kato,
    any_value(t.name_ru) as settlement_ru,
    any_value(t.name_kk) as settlement_kk,
    a.species,
    count(*) as heads,
    count(distinct a.owner_key) as owners,
    count(*) filter (where a.vaccinated_12_months) as heads_vaccinated_12_months,
    count(*) filter (where not a.vaccinated_12_months) as heads_vaccination_due,
    count(*) filter (where a.tested_12_months) as heads_tested_brucellosis,
    count(*) filter (where a.test_result = 'positive') as heads_positive_brucellosis
from animal as a
left join territory as t on a.settlement_kato = t.kato
where a.species is not null and a.okrug_kato in (select o.kato from okrug as o)
group by a.okrug_kato, coalesce(a.settlement_kato, ''), a.species
order by all
