-- Grain: district. Key: district_kato. Inputs: ${table}, a core table.
-- Share of the rows of a district that are placed in an okrug. Rows of no district lower the share of every district.
with of_district as (
    select
        district_kato,
        count(*) as n,
        count(okrug_kato) as placed
    from ${table}
    where district_kato is not null
    group by all
),

unplaced as (
    select count(*) filter (where district_kato is null) / count(*) as share from ${table}
)

select
    district_kato,
    100 * placed / n * (1 - share) as placed_pct
from of_district
cross join unplaced
