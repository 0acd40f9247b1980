-- Grain: district of the oblast. Key: district_kato. Inputs: ${table}, a core table; okrug; ${oblast}, the two digits
-- that codes of the oblast begin with; ${without_rows}, what a district has of which no row came.
-- Share of the rows of a district that are placed in an okrug. Rows of no district lower the share of every district;
-- rows that lie in another oblast are not of this one.
with own as (
    select
        district_kato,
        okrug_kato
    from ${table}
    where district_kato is null or starts_with(district_kato, ${oblast})
),

of_district as (
    select
        district_kato,
        count(*) as n,
        count(okrug_kato) as placed
    from own
    where district_kato is not null
    group by all
),

unplaced as (
    select count(*) filter (where district_kato is null) / count(*) as share from own
)

select
    o.district_kato,
    case when d.n is null then ${without_rows} else 100 * d.placed / d.n * (1 - u.share) end as placed_pct
from (select distinct district_kato from okrug) as o
left join of_district as d on o.district_kato = d.district_kato
cross join unplaced as u
