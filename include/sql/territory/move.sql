-- Grain: place of ${source}, one edition, and where its ground lies in ${target}, another. Key: kato.
-- Inputs: ${source}, ${target} (see kato.sql); ${stated} (code, successor_kato, is_known, name_key), changes a table
-- states between codes of the two editions; is_known where it states them for this edition, else by a dictionary of
-- districts.
-- A place follows the changes stated for its edition. Without any it is the place with its code and name, or, where its
-- district has another code, the place with its last five digits and its name, or the name that was stated.
-- A settlement, and a city on the level of okrugs, moves alone; an okrug or a district lies where its settlements lie.
-- is_known: it lies in one okrug, or by its settlement in none. okrugs: all in which it lies; what is known only by a
-- divided okrug may belong to each of them. settlements: those that a settlement became. settlement_kato, okrug_kato,
-- district_kato are NULL where there are several.
with successor as (
    select
        place.kato,
        stated.successor_kato
    from ${source} as place
    inner join ${stated} as stated on place.kato = stated.code and stated.is_known
    union
    select
        place.kato,
        same.kato as successor_kato
    from ${source} as place
    inner join ${target} as same on place.kato = same.kato and place.level = same.level
    anti join ${stated} as stated on place.kato = stated.code and stated.is_known
    where list_has_any([place.name_key_ru, place.name_key_kk], [same.name_key_ru, same.name_key_kk])
    union
    select
        place.kato,
        recoded.kato as successor_kato
    from ${source} as place
    inner join ${stated} as district on left(place.kato, 4) || '00000' = district.code and place.level <> 'oblast'
    inner join ${target} as recoded
        on left(district.successor_kato, 4) || right(place.kato, 5) = recoded.kato and place.level = recoded.level
    anti join ${stated} as stated on place.kato = stated.code and stated.is_known
    where
        list_has_any([place.name_key_ru, place.name_key_kk], [recoded.name_key_ru, recoded.name_key_kk])
        or (
            place.level <> 'settlement'
            and district.name_key in (place.name_key_ru, place.name_key_kk, recoded.name_key_ru, recoded.name_key_kk)
        )
),

placed as (
    select
        place.kato,
        place.level = 'settlement' or (place.level = 'okrug' and coalesce(place.kind = 'г.', false)) as is_settlement,
        place.okrug_kato as okrug_from,
        place.district_kato as district_from,
        case
            when today.level = 'settlement' or (today.level in ('okrug', 'oblast') and today.kind = 'г.')
                then today.kato
        end as settlement_kato,
        case when today.kato is null then '?' else coalesce(today.okrug_kato, '') end as okrug_kato,
        coalesce(today.district_kato, today.oblast_kato) as district_kato
    from ${source} as place
    inner join successor on place.kato = successor.kato
    left join ${target} as today on successor.successor_kato = today.kato
    where place.level <> 'oblast' and successor.successor_kato is not null
),

-- okrug_kato is '' outside any okrug, '?' where the stated successor is not in the other edition.
ground as (
    select
        kato,
        settlement_kato,
        okrug_kato,
        district_kato
    from placed
    where is_settlement
    union
    select
        okrug_from,
        null,
        okrug_kato,
        district_kato
    from placed
    where okrug_from is not null and okrug_from not in (select p.kato from placed as p where p.is_settlement)
    union
    select
        district_from,
        null,
        okrug_kato,
        district_kato
    from placed
    where district_from is not null
)

select
    place.kato,
    place.level,
    place.okrug_kato as okrug_from,
    place.oblast_kato as oblast_from,
    case when count(distinct ground.settlement_kato) = 1 then min(ground.settlement_kato) end as settlement_kato,
    case
        when count(distinct ground.okrug_kato) = 1 and min(ground.okrug_kato) not in ('', '?')
            then min(ground.okrug_kato)
    end as okrug_kato,
    case when count(distinct ground.district_kato) = 1 then min(ground.district_kato) end as district_kato,
    count(distinct ground.okrug_kato) = 1 and min(ground.okrug_kato) <> '?' as is_known,
    coalesce(list(distinct ground.okrug_kato) filter (where ground.okrug_kato not in ('', '?')), []) as okrugs,
    coalesce(list(distinct ground.settlement_kato) filter (where ground.settlement_kato is not null), []) as settlements
from ${source} as place
left join ground on place.kato = ground.kato
group by all
order by place.kato
