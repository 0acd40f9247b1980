-- Grain: place. Key: area_kato, level. Inputs: animal. One measure per line: lineage reads its filter.
select
    ${area},
    count(*) filter (where true) as heads,
    count(*) filter (where species = 'cattle') as cattle,
    count(*) filter (where species = 'small_ruminants') as small_ruminants,
    count(*) filter (where species = 'horses') as horses,
    count(*) filter (where species = 'camels') as camels,
    sum(conditional_heads) filter (where true) as conditional_heads,
    count(*) filter (where vaccinated_12_months) as vaccinated_12_months,
    count(*) filter (where test_result = 'positive') as brucellosis_positive
from animal
group by ${levels}
