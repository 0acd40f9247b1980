-- Grain: animal. Key: animal_number. Inputs: typed (livestock).
-- Fifth sign of the number: 1 cattle, 2 small ruminants, 3 pigs, 4 horses, 5 camels (order 7-1/68 of 30.01.2015).
select
    animal_number,
    species_name,
    case
        when regexp_matches(lower(species_name), '^(крс|крупн|ірі|мқк|іқм)') then 'cattle'
        when regexp_matches(lower(species_name), '^(мрс|овц|овеч|коз|баран|ұсақ|уақ|қой|ешкі)') then 'small_ruminants'
        when regexp_matches(lower(species_name), '^(лошад|жылқы|кон)') then 'horses'
        when regexp_matches(lower(species_name), '^(верблюд|түйе)') then 'camels'
        when regexp_matches(lower(species_name), '^(свин|шошқа)') then 'pigs'
    end as species,
    case
        when animal_number like 'KZ%'
            then ['cattle', 'small_ruminants', 'pigs', 'horses', 'camels'][
                try_cast(substring(animal_number, 4, 1) as integer)
            ]
        else species
    end as species_of_number,
    sex_name,
    birth_date,
    owner_number,
    person_key(owner_number) as owner_key,
    kato,
    homoglyphs_to_cyrillic(settlement_name) as settlement_name,
    vaccinated_on,
    vaccinated_on__text,
    tested_on,
    tested_on__text,
    case
        when starts_with(lower(test_result), 'отриц') or starts_with(lower(test_result), 'теріс') then 'negative'
        when starts_with(lower(test_result), 'полож') or starts_with(lower(test_result), 'оң') then 'positive'
    end as test_result,
    test_result as test_result__text,
    reported_on,
    strftime(reported_on, '%Y-%m') as month,
    ${row_origin}
from typed
