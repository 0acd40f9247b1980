-- Grain: place of one edition of KATO. Key: (kato, edition); a code alone is re-used by later editions.
-- Inputs: ${source} (kato, level, name_ru, name_kk, all text), ${edition_name}, a quoted text.
-- Rules: НК РК 11-2025. The parent is the code cut to 6, 4 or 2 digits, the longest that exists: 20 settlements have
-- no okrug.
-- Main settlement: code ends in 00, or in 80 with a name that starts with «с.»; and a city on the level of okrugs.
-- Rural akimat: okrug of the kind с.о., с.а. or п.а. Both rules give the counts that the state reports.
with source as (
    select
        kato,
        case level when 'sub_district' then 'okrug' else level end as level,
        clean_text(name_ru) as name_ru,
        kazakh_letters(clean_text(name_kk)) as name_kk
    from ${source}
),

kinded as (
    select
        *,
        coalesce(place_kind(name_ru), place_kind(name_kk)) as kind
    from source
),

linked as (
    select
        place.*,
        case
            when place.level = 'settlement' then coalesce(six.kato, four.kato, two.kato)
            when place.level = 'okrug' then coalesce(four.kato, two.kato)
            when place.level = 'district' then two.kato
        end as parent_kato,
        case when place.level = 'okrug' then place.kato when six.level = 'okrug' then six.kato end as okrug_kato,
        case
            when place.level = 'district' then place.kato when four.level = 'district' then four.kato
        end as district_kato,
        two.kato as oblast_kato
    from kinded as place
    left join source as six on six.kato = substring(place.kato, 1, 6) || '000' and six.kato <> place.kato
    left join source as four on four.kato = substring(place.kato, 1, 4) || '00000' and four.kato <> place.kato
    left join source as two on two.kato = substring(place.kato, 1, 2) || '0000000'
)

select
    kato,
    ${edition_name} as edition,
    level,
    kind,
    parent_kato,
    okrug_kato,
    district_kato,
    oblast_kato,
    name_ru,
    name_kk,
    place_key(name_ru) as name_key_ru,
    place_key(name_kk) as name_key_kk,
    coalesce(level = 'okrug' and kind in ('с.о.', 'с.а.', 'п.а.'), false) as is_rural_akimat,
    case level
        when 'settlement' then right(kato, 2) = '00' or (right(kato, 2) = '80' and starts_with(name_ru, 'с.'))
        when 'okrug' then coalesce(kind = 'г.', false)
        else false
    end as is_main_settlement
from linked
order by kato
