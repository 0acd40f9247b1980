-- Grain: pet. Key: chip. Inputs: typed (pets).
select
    chip,
    species_name,
    case
        when regexp_matches(lower(species_name), '^(собак|пес|щенок|ит)') then 'dog'
        when regexp_matches(lower(species_name), '^(кош|кот|мысық)') then 'cat'
    end as species,
    breed,
    pet_name,
    sex_name,
    birth_date,
    owner_iin,
    iin_is_valid(owner_iin) as is_owner_iin_valid,
    person_key(owner_iin) as owner_key,
    owner_phone,
    owner_address,
    kato,
    homoglyphs_to_cyrillic(settlement_name) as settlement_name,
    registered_on,
    vaccinated_on,
    vaccinated_on__text,
    is_sterilised,
    case
        when regexp_matches(lower(status), '^(жив|актив|тірі)') then 'alive'
        when regexp_matches(lower(status), '^(утер|потер|пропал|жоғал)') then 'lost'
        when regexp_matches(lower(status), '^(пал|умер|усып|өлген|өлді)') then 'dead'
    end as status,
    status_on,
    status_on__text,
    reported_on,
    strftime(reported_on, '%Y-%m') as month,
    ${row_origin}
from typed
