-- Grain: okrug. Key: okrug_kato. Inputs: jobseeker. One measure a line: lineage reads its filter.
select
    okrug_kato,
    count(*) filter (where status in ('SEEKING', 'UNEMPLOYED')) as jobseekers,
    count(*) filter (where status in ('SEEKING', 'UNEMPLOYED') and age_years < 35) as jobseekers_under_35,
    count(*) filter (where status = 'PLACED' and placed_in_period) as placed_in_period,
    count(*) filter (where status in ('SEEKING', 'UNEMPLOYED') or (status = 'PLACED' and placed_in_period)) as placement_base
from jobseeker
group by okrug_kato
