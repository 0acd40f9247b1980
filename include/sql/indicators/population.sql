-- Grain: place. Key: area_kato, level. Inputs: person. One measure per line: lineage reads its filter.
select
    ${area},
    count(*) filter (where is_alive) as residents,
    count(*) filter (where is_alive and age_years <= 15) as children_0_15,
    count(*) filter (where is_alive and age_years between 16 and 62) as working_age_16_62,
    count(*) filter (where is_alive and age_years >= 63) as elders_63_plus,
    count(*) filter (where is_alive and (age_years <= 15 or age_years >= 63)) as dependants,
    count(*) filter (where is_alive and age_years < 1) as infants_under_1,
    count(*) filter (where is_alive and sex = 'f' and age_years between 15 and 49) as women_15_49,
    count(*) filter (where is_alive and age_years >= 1 and registered_12_months) as arrivals_12_months
from person
group by ${levels}
