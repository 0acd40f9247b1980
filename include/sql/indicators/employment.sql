-- Grain: place. Key: area_kato, level. Inputs: jobseeker. One measure per line: lineage reads its filter.
select
    ${area},
    count(*) filter (where is_seeking) as jobseekers,
    count(*) filter (where is_seeking and is_resident and age_years between 16 and 62) as jobseekers_16_62,
    count(*) filter (where is_seeking and age_years < 35) as jobseekers_under_35,
    count(*) filter (where placed_in_period) as placed_in_period,
    count(*) filter (where is_seeking or placed_in_period) as placement_base
from jobseeker
group by ${levels}
