-- Grain: person of the population registry. Key: unique_id. Inputs: stage_population, identity, place.
-- Variables: ${claim}, the key under which place holds a person's settlement.
select
    p.person_key::varchar as unique_id,
    i.iin as number,
    i.surname,
    i.given_name,
    i.patronymic,
    p.birth_date,
    p.sex,
    l.settlement_kato,
    l.district_kato
from stage_population as p
inner join identity as i on p.person_key = i.person_key
left join place as l on ${claim} = l._key
