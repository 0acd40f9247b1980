-- Grain: settlement with residents or calls; settlement_kato '' for what is known by okrug only.
-- Key: okrug_kato, settlement_kato. Inputs: ambulance_call, person, okrug, territory.
with calls as (
    select
        okrug_kato,
        coalesce(settlement_kato, '') as settlement_kato,
        count(*) as calls,
        count(*) filter (where category <= 2) as calls_urgent,
        count(arrival_min) as calls_measured,
        count(*) filter (where arrival_min <= norm_min) as calls_within_norm,
        quantile_cont(arrival_min, 0.5) as arrival_median_min,
        quantile_cont(arrival_min, 0.9) as arrival_p90_min
    from ambulance_call
    where okrug_kato in (select o.kato from okrug as o)
    group by all
),

people as (
    select
        okrug_kato,
        coalesce(settlement_kato, '') as settlement_kato,
        count(*) as residents,
        count(*) filter (where age_years >= 65) as residents_65_plus,
        count(*) filter (where age_years < 1) as residents_under_1
    from person
    where is_alive and okrug_kato in (select o.kato from okrug as o)
    group by all
)

select
    okrug_kato,
    settlement_kato,
    t.name_ru as settlement_ru,
    t.name_kk as settlement_kk,
    coalesce(c.calls, 0) as calls,
    coalesce(c.calls_urgent, 0) as calls_urgent,
    coalesce(c.calls_measured, 0) as calls_measured,
    coalesce(c.calls_within_norm, 0) as calls_within_norm,
    round(c.arrival_median_min, 1)::decimal(9, 1) as arrival_median_min,
    round(c.arrival_p90_min, 1)::decimal(9, 1) as arrival_p90_min,
    coalesce(p.residents, 0) as residents,
    coalesce(p.residents_65_plus, 0) as residents_65_plus,
    coalesce(p.residents_under_1, 0) as residents_under_1
from people as p
full join calls as c using (okrug_kato, settlement_kato)
left join territory as t on settlement_kato = t.kato
order by okrug_kato, settlement_kato
