-- Grain: place. Key: area_kato, level. Inputs: ambulance_call. One measure per line: lineage reads its filter.
select
    ${area},
    count(*) filter (where true) as calls,
    count(*) filter (where category is not null) as calls_of_category,
    count(*) filter (where category <= 2) as calls_urgent,
    count(*) filter (where arrival_min is not null and norm_min is not null) as calls_measured,
    count(*) filter (where arrival_min <= norm_min) as calls_within_norm,
    quantile_cont(arrival_min, 0.5) filter (where arrival_min is not null) as arrival_median_min
from ambulance_call
group by ${levels}
