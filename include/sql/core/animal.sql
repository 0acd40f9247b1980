-- Grain: animal. Key: animal_number. Inputs: stage_livestock, place. Variables: period_begin,
-- period_end. Vaccination is due when the last one is older than the 12 months that end with the period.
-- Where the word for the species is not known, the number says it. What was born after the period is of the next one.
select
    a.animal_number,
    coalesce(a.species, a.species_of_number) as species,
    conditional_head(coalesce(a.species, a.species_of_number)) as conditional_heads,
    a.owner_key,
    coalesce(
        a.vaccinated_on between getvariable('period_begin') - interval 11 month and getvariable('period_end'), false
    ) as vaccinated_12_months,
    coalesce(
        a.tested_on between getvariable('period_begin') - interval 11 month and getvariable('period_end'), false
    ) as tested_12_months,
    a.test_result,
    l.settlement_kato,
    l.okrug_kato,
    l.district_kato,
    l.step,
    a._file,
    a._record
from stage_livestock as a
left join place as l on claim_key(null, a.kato, null, null, null, a.settlement_name) = l._key
where coalesce(a.birth_date <= getvariable('period_end'), true)
