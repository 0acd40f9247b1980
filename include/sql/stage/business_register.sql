-- Grain: organisation or sole trader. Key: organisation_number. Inputs: typed (business_register).
-- ОКЭД is written with dots or without: 01.19.9 is 01199. A sole trader's number is an ИИН and stays a key.
select
    organisation_number,
    iin_or_bin_kind(organisation_number) as organisation_number_kind,
    case when bin_is_valid(organisation_number) then organisation_number end as bin,
    person_key(organisation_number) as organisation_key,
    organisation_name,
    case
        when bin_is_valid(organisation_number)
            then case
                when substring(organisation_number, 6, 1) in ('3', '4') then 'farm'
                when substring(organisation_number, 6, 1) = '1' then 'branch'
                when substring(organisation_number, 6, 1) = '2' then 'representation'
                else 'legal_entity'
            end
        when iin_or_bin_kind(organisation_number) = 'iin' then 'sole_trader'
    end as kind,
    registered_on,
    replace(oked, '.', '') as oked,
    case
        when regexp_matches(replace(oked, '.', ''), '^0[1-3]') then 'agriculture'
        when regexp_matches(replace(oked, '.', ''), '^1[0-2]') then 'food_processing'
        when regexp_matches(replace(oked, '.', ''), '^(?:0[5-9]|1[3-9]|2[0-9]|3[0-9])') then 'industry'
        when regexp_matches(replace(oked, '.', ''), '^4[1-3]') then 'construction'
        when regexp_matches(replace(oked, '.', ''), '^4[5-7]') then 'trade'
        when regexp_matches(replace(oked, '.', ''), '^(?:49|5[0-3])') then 'transport'
        when regexp_matches(replace(oked, '.', ''), '^[4-9][0-9]') then 'services'
    end as activity,
    size_code,
    case
        when size_code between 100 and 139 then 'small'
        when size_code between 140 and 199 then 'medium'
        when size_code between 200 and 399 then 'large'
    end as size,
    kato,
    homoglyphs_to_cyrillic(settlement_name) as settlement_name,
    head_name,
    case lower(status)
        when 'действующий' then 'active' when 'жұмыс істейтін' then 'active'
        when 'ликвидирован' then 'closed' when 'таратылған' then 'closed'
        when 'приостановлен' then 'suspended' when 'тоқтатылған' then 'suspended'
    end as status,
    closed_on,
    closed_on__text,
    ${row_origin}
from typed
