-- Grain: post. Key: post_number. Inputs: typed (civil_service).
-- An akim is a public person and a post is public; who holds it is a key here all the same.
select
    post_number,
    body_bin,
    body_name,
    kato,
    case upper(post_code)
        when 'AKIM' then 'akim' when 'CHIEF' then 'chief_specialist' when 'LEADING' then 'leading_specialist'
        when 'FINANCE' then 'accountant' when 'LAND' then 'land_surveyor' when 'MILITARY' then 'military_registrar'
        when 'VET' then 'veterinarian'
    end as post,
    category,
    is_vacant,
    vacant_since,
    pay_kzt,
    iin,
    iin_is_valid(iin) as is_iin_valid,
    person_key(iin) as person_key,
    surname,
    given_name,
    age,
    appointed_on,
    appointed_on__text,
    is_first_time,
    is_new_to_service,
    trained_on,
    case upper(took_office) when 'ELECTED' then 'elected' when 'APPOINTED' then 'appointed' end as took_office,
    took_office as took_office__text,
    case
        when regexp_matches(lower(nominated_by), 'самовыдв|өзін-өзі') then 'self'
        when nominated_by is not null then 'party'
    end as nominated_by,
    case when not regexp_matches(lower(nominated_by), 'самовыдв|өзін-өзі') then nominated_by end as party,
    term_begins_on,
    term_begins_on__text,
    term_ends_on,
    term_ends_on__text,
    parse_month(month) as month,
    ${row_origin}
from typed
