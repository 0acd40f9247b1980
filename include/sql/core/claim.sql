-- Grain: distinct claim of place. Key: _key. Inputs: stage_population, stage_social_assistance, stage_employment,
-- stage_livestock, stage_budget_okrug. Variables: oblast_name.
-- What a row says of its place, in the words that the resolver takes.
with said as (
    select distinct
        rca, null::varchar as kato, district_code as gbd_district_code,
        null::varchar as district_name, null::varchar as okrug_name, settlement_name
    from stage_population
    union all by name
    select distinct district_name, okrug_name, settlement_name from stage_social_assistance
    union all by name
    select distinct kato, settlement_name from stage_employment
    union all by name
    select distinct kato, settlement_name from stage_livestock
    union all by name
    select distinct kato from stage_budget_okrug
)

select distinct
    claim_key(rca, kato, gbd_district_code, district_name, okrug_name, settlement_name) as _key,
    rca,
    kato,
    gbd_district_code,
    case when district_name is not null then getvariable('oblast_name') end as oblast_name,
    district_name,
    okrug_name,
    settlement_name
from said
